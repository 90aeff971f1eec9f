// auth0-server-python signs in through passbridge.

import { signsInWith } from "./support/auth0.mjs";
import { python } from "./support/installed.mjs";

signsInWith(python("auth0_server.py"));
