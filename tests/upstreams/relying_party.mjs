// A relying party with real verification by @simplewebauthn/server: users, passkeys, challenges.
//
// Each provider's module finds the ceremony of a finish; this class verifies that everything matches it.

import { randomBytes } from "node:crypto";
import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server";
import { base64url, bytes, toBase64url } from "./bytes.mjs";

export const ALGORITHMS = [-8, -7, -257];

/** The credential, its challenge or its user does not match the ceremony. */
export class Rejected extends Error {}

export class RelyingParty {
  users = [];
  passkeys = new Map();

  /** @param {{ rpId: string, origins: string[], userVerification: string }} terms */
  constructor(terms) {
    Object.assign(this, terms);
  }

  /** A user with a bearer token; authenticators store `handle` as `user.id`. */
  addUser({ id, email, name = email, handle = Buffer.from(id) }) {
    const user = { id, email, name, handle: Buffer.from(handle), tokens: new Set(), createdAt: new Date() };
    user.token = this.issue(user);
    this.users.push(user);
    return user;
  }

  byToken(token) {
    return this.users.find((user) => user.tokens.has(token));
  }

  byId(id) {
    return this.users.find((user) => user.id === id);
  }

  byEmail(email) {
    return this.users.find((user) => user.email === email);
  }

  passkeysOf(user) {
    return [...this.passkeys.values()].filter((passkey) => passkey.user === user);
  }

  /** Replaces the user's token. */
  issue(user) {
    const token = `${base64url(randomBytes(12))}.${base64url(randomBytes(32))}.${base64url(randomBytes(24))}`;
    user.tokens.add(token);
    return token;
  }

  /** A ceremony: the challenge as bytes, and its user if known. */
  begin(user) {
    return { challenge: randomBytes(32), user };
  }

  /** Verifies a new passkey and stores it. `credential` is a RegistrationResponseJSON in any alphabet. */
  async register(ceremony, credential, handle, name) {
    const response = {
      ...webauthn(credential),
      response: {
        clientDataJSON: toBase64url(credential.response.clientDataJSON),
        attestationObject: toBase64url(credential.response.attestationObject),
        transports: credential.response.transports,
      },
    };
    const { verified, registrationInfo } = await rejecting(() => verifyRegistrationResponse({
      response,
      expectedChallenge: base64url(ceremony.challenge),
      expectedOrigin: this.origins,
      expectedRPID: this.rpId,
      requireUserVerification: this.userVerification === "required",
      supportedAlgorithmIDs: ALGORITHMS,
    }));
    if (!verified) throw new Rejected("the attestation does not verify");
    const { id } = registrationInfo.credential;
    if (this.passkeys.has(id)) throw new Rejected("the credential is registered already");
    const passkey = {
      ...registrationInfo.credential,
      aaguid: registrationInfo.aaguid,
      user: ceremony.user,
      handle: handle ?? id,
      name,
      createdAt: new Date(),
    };
    this.passkeys.set(id, passkey);
    return passkey;
  }

  /** Verifies an assertion and updates the counter; returns the passkey that signed. */
  async authenticate(ceremony, credential) {
    const id = toBase64url(credential.id);
    if (id !== toBase64url(credential.rawId)) throw new Rejected("id and rawId differ");
    const passkey = this.passkeys.get(id);
    if (!passkey) throw new Rejected("no such passkey");
    if (ceremony.user && ceremony.user !== passkey.user) throw new Rejected("another user's passkey");
    const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
    if (userHandle && !bytes(userHandle).equals(passkey.user.handle)) throw new Rejected("another user's handle");
    const response = {
      ...webauthn(credential),
      response: {
        clientDataJSON: toBase64url(clientDataJSON),
        authenticatorData: toBase64url(authenticatorData),
        signature: toBase64url(signature),
        userHandle: userHandle ? toBase64url(userHandle) : undefined,
      },
    };
    const { verified, authenticationInfo } = await rejecting(() => verifyAuthenticationResponse({
      response,
      expectedChallenge: base64url(ceremony.challenge),
      expectedOrigin: this.origins,
      expectedRPID: this.rpId,
      credential: passkey,
      requireUserVerification: this.userVerification === "required",
    }));
    if (!verified) throw new Rejected("the signature does not verify");
    passkey.counter = authenticationInfo.newCounter;
    passkey.usedAt = new Date();
    return passkey;
  }

  /** The challenge in a credential's client data, as base64url. It is only used to look up the ceremony. */
  static challengeOf(credential) {
    return JSON.parse(bytes(credential.response.clientDataJSON).toString()).challenge;
  }
}

/** The members that both responses have, in the form of the verifying library. */
function webauthn({ id, rawId, type, clientExtensionResults = {}, authenticatorAttachment }) {
  return {
    id: toBase64url(id),
    rawId: toBase64url(rawId),
    type,
    clientExtensionResults,
    authenticatorAttachment: authenticatorAttachment ?? undefined,
  };
}

async function rejecting(verify) {
  try {
    return await verify();
  } catch (error) {
    throw new Rejected(error.message, { cause: error });
  }
}
