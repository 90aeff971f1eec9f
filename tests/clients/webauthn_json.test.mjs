// @github/webauthn-json, the library that Streambird's documentation names, signs in through passbridge.

import { signsInWith } from "./support/library.mjs";

signsInWith({
  script: "@github/webauthn-json/dist/browser-global/webauthn-json.browser-global.js",
  create: (publicKey) => webauthnJSON.create({ publicKey }),
  get: (publicKey) => webauthnJSON.get({ publicKey }),
});
