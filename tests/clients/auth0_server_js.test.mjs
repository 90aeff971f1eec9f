// @auth0/auth0-server-js signs in through passbridge.

import { signsInWith } from "./support/auth0.mjs";
import { node } from "./support/installed.mjs";

signsInWith(node("auth0_server.mjs"));
