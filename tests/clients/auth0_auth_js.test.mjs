// @auth0/auth0-auth-js signs in through passbridge.

import { againstTheEmbeddedParty } from "./support/auth0.mjs";
import { node } from "./support/installed.mjs";

againstTheEmbeddedParty(node("auth0_auth.mjs"));
