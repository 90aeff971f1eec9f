// Every operation of auth0 callers, with each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("auth0");
