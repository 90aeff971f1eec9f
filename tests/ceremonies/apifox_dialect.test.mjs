// Every operation of apifox callers, with each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("apifox");
