// Credentials as a browser passes them to applications, and forged ones.

import { Authenticator } from "../../ceremonies/authenticator.mjs";

export { ORIGIN } from "../../ceremonies/authenticator.mjs";

/** The passkeys of one user. */
export class Passkeys extends Authenticator {
  /** A new passkey, with the members of its response that every provider documents. */
  create(options) {
    const { response: { clientDataJSON, attestationObject }, ...credential } = super.create(options);
    return { ...credential, response: { clientDataJSON, attestationObject } };
  }
}

/** The same response without a valid signature. */
export function forged(credential) {
  const signature = Buffer.from(credential.response.signature, "base64url");
  signature[signature.length - 1] ^= 1;
  return { ...credential, response: { ...credential.response, signature: signature.toString("base64url") } };
}
