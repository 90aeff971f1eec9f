// quiva.ai: an account's users; a passkey is a first factor, and only the challenge ties a finish to
// its begin. `credential` is JSON text at login and an object at registration.
//
// Not documented, and chosen here: base64 is standard and padded, `created_on` is in seconds.

import { base64, bytes } from "./bytes.mjs";
import { RelyingParty } from "./relying_party.mjs";
import { Refused } from "./upstream.mjs";

export const provider = "quiva";
export const contentType = "application/json";
export const credentials = () => ({});

const OPERATIONS = {
  "POST /accounts/begin-auth-with-passkey": "login.begin",
  "POST /accounts/complete-auth-with-passkey": "login.finish",
  "POST /accounts/begin-passkey-registration": "registration.begin",
  "POST /accounts/complete-passkey-registration": "registration.finish",
  "DELETE /accounts/passkey": "credentials.delete",
};

export const recognise = ({ method, path }) => OPERATIONS[`${method} ${path}`];

export function rejected(operation, error) {
  return { status: operation === "login.finish" ? 401 : 400, content: { error } };
}

export const serve = {
  "login.begin"(upstream, { content }) {
    const { party } = upstream;
    const user = party.byEmail(content.email);
    const passkeys = user ? party.passkeysOf(user) : [];
    if (passkeys.length === 0) throw new Refused(401, { error: "User not found or passkeys not enabled" });
    return { content: { data: {
      challenge: base64(begin(upstream, user).challenge),
      timeout: 60000,
      rpId: party.rpId,
      allowCredentials: passkeys.map(({ id, transports }) => {
        return { id: base64(bytes(id)), type: "public-key", transports };
      }),
      userVerification: party.userVerification,
    } } };
  },

  async "login.finish"(upstream, { content }) {
    const credential = JSON.parse(content.credential);
    const ceremony = take(upstream, credential, 401);
    if (content.email && content.email !== ceremony.user.email) throw new Refused(401, { error: "Another user began" });
    const { user } = await upstream.party.authenticate(ceremony, credential);
    return { content: { data: {
      refresh_token: upstream.party.issue(user),
      auth_token: upstream.party.issue(user),
      passkey_enabled: true,
      totp_enabled: false,
    } } };
  },

  "registration.begin"(upstream, request) {
    const { party } = upstream;
    const user = bearer(upstream, request);
    return { content: { data: {
      challenge: base64(begin(upstream, user).challenge),
      rp: { id: party.rpId, name: "quiva" },
      user: { id: base64(user.handle), name: user.email, displayName: user.name },
      pubKeyCredParams: [-7, -257].map((alg) => ({ type: "public-key", alg })),
      timeout: 60000,
      excludeCredentials: party.passkeysOf(user).map(({ id }) => ({ id: base64(bytes(id)), type: "public-key" })),
      authenticatorSelection: { residentKey: "required", userVerification: party.userVerification },
    } } };
  },

  async "registration.finish"(upstream, request) {
    const user = bearer(upstream, request);
    const { credential, credential_alias: alias } = request.content;
    const ceremony = take(upstream, credential, 400);
    if (ceremony.user !== user) throw new Refused(400, { error: "Another user began" });
    const { id, createdAt } = await upstream.party.register(ceremony, credential, undefined, alias);
    return { content: { data: {
      passkey: { id: base64(bytes(id)), alias, created_on: Math.floor(createdAt.getTime() / 1000) },
      recovery_codes: ["1111-2222", "3333-4444"],
    } } };
  },

  "credentials.delete"(upstream, request) {
    const user = bearer(upstream, request);
    const { id, email } = request.content;
    const key = bytes(id).toString("base64url");
    const known = upstream.party.passkeys.get(key)?.user === user && (email === undefined || email === user.email);
    if (!known) throw new Refused(404, { error: "Passkey not found" });
    upstream.party.passkeys.delete(key);
    return { content: { message: "Passkey removed" } };
  },
};

function bearer({ party }, { fields }) {
  const user = party.byToken(fields.authorization?.replace(/^Bearer /, ""));
  if (!user) throw new Refused(401, { error: "Unauthorized" });
  return user;
}

function begin({ party, ceremonies }, user) {
  const ceremony = party.begin(user);
  ceremonies.set(ceremony.challenge.toString("base64url"), ceremony);
  return ceremony;
}

function take({ ceremonies }, credential, status) {
  const challenge = RelyingParty.challengeOf(credential);
  const ceremony = ceremonies.get(challenge);
  if (!ceremonies.delete(challenge)) throw new Refused(status, { error: "Challenge not found or expired" });
  return ceremony;
}
