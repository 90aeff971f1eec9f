// flashback.tech: a passkey is a second factor of the user of the bearer token. The registration's
// options are flat and not WebAuthn's, and its finish echoes the challenge.
//
// Not documented, and chosen here: `userId` is the user's id, whose text authenticators store as
// the user handle; refusals of a login are 400, of a bearer token 401.

import { base64, bytes } from "./bytes.mjs";
import { RelyingParty } from "./relying_party.mjs";
import { Refused } from "./upstream.mjs";

export const provider = "flashback";
export const contentType = "application/json";
export const credentials = () => ({});

const OPERATIONS = {
  "POST /mfa/passkey/auth-options": "login.begin",
  "POST /mfa/verify-login": "login.finish",
  "POST /mfa/setup": "registration.begin",
  "POST /mfa/passkey/complete-registration": "registration.finish",
  "POST /mfa/disable": "credentials.delete",
};

export const recognise = ({ method, path }) => OPERATIONS[`${method} ${path}`];

export const rejected = (operation, error) => ({ status: 400, content: { success: false, error } });

export const serve = {
  "login.begin"(upstream, request) {
    const { party } = upstream;
    const user = bearer(upstream, request);
    if (party.passkeysOf(user).length === 0) throw refused(500, "Failed to generate authentication options");
    return { content: {
      success: true,
      data: {
        challenge: base64(begin(upstream, user).challenge),
        rpId: party.rpId,
        userVerification: party.userVerification,
        timeout: 60000,
      },
    } };
  },

  async "login.finish"(upstream, request) {
    const user = bearer(upstream, request);
    const { credential } = request.content;
    const ceremony = take(upstream, user, RelyingParty.challengeOf(credential));
    await upstream.party.authenticate(ceremony, credential);
    return { content: {
      success: true,
      message: "Login verified",
      fullAccessToken: upstream.party.issue(user),
      refreshToken: upstream.party.issue(user),
    } };
  },

  "registration.begin"(upstream, request) {
    const { party } = upstream;
    const user = bearer(upstream, request);
    return { content: {
      success: true,
      data: {
        challenge: base64(begin(upstream, user).challenge),
        rpName: "flashback",
        userName: user.email,
        rpID: party.rpId,
        origin: party.origins[0],
        userId: user.id,
      },
    } };
  },

  async "registration.finish"(upstream, request) {
    const user = bearer(upstream, request);
    const { credential, challenge } = request.content;
    const ceremony = take(upstream, user, bytes(challenge).toString("base64url"));
    await upstream.party.register(ceremony, credential);
    return { content: { success: true, message: "Passkey registration completed" } };
  },

  "credentials.delete"(upstream, request) {
    const user = bearer(upstream, request);
    for (const { id } of upstream.party.passkeysOf(user)) upstream.party.passkeys.delete(id);
    return { content: { success: true, message: "MFA disabled" } };
  },
};

function refused(status, error) {
  return new Refused(status, { success: false, error });
}

function bearer({ party }, { fields }) {
  const user = party.byToken(fields.authorization?.replace(/^Bearer /, ""));
  if (!user) throw refused(401, "Unauthorized");
  return user;
}

function begin({ party, ceremonies }, user) {
  const ceremony = party.begin(user);
  ceremonies.set(ceremony.challenge.toString("base64url"), ceremony);
  return ceremony;
}

function take({ ceremonies }, user, challenge) {
  const ceremony = ceremonies.get(challenge);
  if (ceremony?.user !== user) throw refused(400, "No such challenge");
  ceremonies.delete(challenge);
  return ceremony;
}
