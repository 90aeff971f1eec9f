// What callers that speak quiva can do before each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("quiva");
