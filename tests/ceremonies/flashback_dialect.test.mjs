// What callers that speak flashback can do before each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("flashback");
