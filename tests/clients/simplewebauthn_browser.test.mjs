// @simplewebauthn/browser signs in through passbridge.

import { signsInWith } from "./support/library.mjs";

signsInWith({
  script: "@simplewebauthn/browser/dist/bundle/index.umd.min.js",
  create: (optionsJSON) => SimpleWebAuthnBrowser.startRegistration({ optionsJSON }),
  get: (optionsJSON) => SimpleWebAuthnBrowser.startAuthentication({ optionsJSON }),
});
