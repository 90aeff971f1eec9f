// Every operation of quiva callers, with each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("quiva");
