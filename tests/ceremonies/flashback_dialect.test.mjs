// Every operation of flashback callers, with each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("flashback");
