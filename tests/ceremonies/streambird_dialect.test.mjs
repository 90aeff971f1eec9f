// What callers that speak streambird can do before each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("streambird");
