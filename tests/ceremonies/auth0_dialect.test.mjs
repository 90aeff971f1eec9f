// What callers that speak auth0 can do before each upstream.

import { everyOperation } from "./operations.mjs";

everyOperation("auth0");
