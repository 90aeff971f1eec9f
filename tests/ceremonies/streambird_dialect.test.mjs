// Every operation of streambird callers, with each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("streambird");
