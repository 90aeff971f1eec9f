// A software authenticator, and what it hands out as clients without a browser send it.

import emulator, { AuthenticatorEmulator, PasskeysCredentialsMemoryRepository } from "nid-webauthn-emulator";

const { default: WebAuthnEmulator } = emulator;

// The emulator leaves out what every browser says.
const ATTACHED = { authenticatorAttachment: "platform" };

export class Passkeys {
  /** @param {string} origin the page that asks for passkeys */
  constructor(origin) {
    this.origin = origin;
    // The emulator's own default is one repository for all.
    const credentialsRepository = new PasskeysCredentialsMemoryRepository();
    this.emulator = new WebAuthnEmulator(new AuthenticatorEmulator({ credentialsRepository }));
  }

  /** A new passkey (`navigator.credentials.create`). */
  create(options) {
    const { response, ...credential } = this.emulator.createJSON(this.origin, options);
    const { clientDataJSON, attestationObject } = response;
    return { ...credential, ...ATTACHED, response: { clientDataJSON, attestationObject } };
  }

  /** An answer of one that is there (`navigator.credentials.get`). */
  get(options) {
    return { ...this.emulator.getJSON(this.origin, options), ...ATTACHED };
  }

  /** The same, for a stand-in that registers a passkey itself. */
  createJSON(origin, options) {
    return this.emulator.createJSON(origin, options);
  }
}

/** The same answer, signed by nobody. */
export function forged(credential) {
  const signature = Buffer.from(credential.response.signature, "base64url");
  signature[signature.length - 1] ^= 1;
  return { ...credential, response: { ...credential.response, signature: signature.toString("base64url") } };
}
