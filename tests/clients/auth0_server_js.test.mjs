// @auth0/auth0-server-js signs in through passbridge.

import { againstTheEmbeddedParty } from "./support/auth0.mjs";
import { node } from "./support/installed.mjs";

againstTheEmbeddedParty(node("auth0_server.mjs"));
