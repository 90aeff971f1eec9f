// What callers that speak apifox can do before each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("apifox");
