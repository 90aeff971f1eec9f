// auth0-server-python signs in through passbridge.

import { againstTheEmbeddedParty } from "./support/auth0.mjs";
import { python } from "./support/installed.mjs";

againstTheEmbeddedParty(python("auth0_server.py"));
