// The software authenticator of one user, and forged versions of its responses.

import { createHash, createPrivateKey, sign } from "node:crypto";
import emulator from "nid-webauthn-emulator";

const { AuthenticatorEmulator, PasskeysCredentialsMemoryRepository, default: WebAuthnEmulator } = emulator;

export const ORIGIN = "http://localhost:8080";

export class Authenticator {
  #keys = new PasskeysCredentialsMemoryRepository();
  #browser = new WebAuthnEmulator(new AuthenticatorEmulator({
    credentialsRepository: this.#keys,
    transports: ["internal"],
  }));

  /** `navigator.credentials.create`, in JSON. */
  createJSON(origin, options) {
    return { ...this.#browser.createJSON(origin, options), authenticatorAttachment: "platform" };
  }

  /** `navigator.credentials.get`, in JSON. */
  getJSON(origin, options) {
    return { ...this.#browser.getJSON(origin, options), authenticatorAttachment: "platform" };
  }

  create(options) {
    return this.createJSON(ORIGIN, options);
  }

  get(options, origin = ORIGIN) {
    return this.getJSON(origin, options);
  }

  /** Signs client data or authenticator data that a correct client never produces. */
  forge(credential, { clientData = (data) => data, authenticatorData = (data) => data }) {
    const { response } = credential;
    const parsed = JSON.parse(Buffer.from(response.clientDataJSON, "base64url"));
    const client = Buffer.from(JSON.stringify(clientData(parsed)));
    const data = authenticatorData(Buffer.from(response.authenticatorData, "base64url"));
    const signed = Buffer.concat([data, createHash("sha256").update(client).digest()]);
    return {
      ...credential,
      response: {
        ...response,
        clientDataJSON: client.toString("base64url"),
        authenticatorData: data.toString("base64url"),
        signature: sign("sha256", signed, this.#privateKey(credential.id)).toString("base64url"),
      },
    };
  }

  #privateKey(id) {
    const kept = this.#keys.loadCredentials().find(({ publicKeyCredentialSource: source }) => {
      return Buffer.from(source.id).toString("base64url") === id;
    });
    const key = Buffer.from(kept.publicKeyCredentialSource.privateKey);
    return createPrivateKey({ key, format: "der", type: "pkcs8" });
  }
}
