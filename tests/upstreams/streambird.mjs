// Streambird: the app calls with its secret key and names the user. There is no session handle: a finish is
// matched to its begin by the challenge. Tokens are empty unless the finish asks for a session, in minutes.
//
// Not documented and chosen here: the values of `error_type`, and the status of each fault.

import { randomBytes } from "node:crypto";
import { base64, bytes } from "./bytes.mjs";
import { RelyingParty } from "./relying_party.mjs";
import { Refused } from "./upstream.mjs";

export const provider = "streambird";
export const contentType = "application/json";
export const credentials = () => ({ key: `sk_test_${randomBytes(16).toString("hex")}` });
export const handle = () => `webauthn_${randomBytes(12).toString("base64url")}`;

const OPERATIONS = {
  "POST /v1/auth/webauthn/authentication/begin": "login.begin",
  "POST /v1/auth/webauthn/verify": "login.finish",
  "POST /v1/auth/webauthn/registrations/begin": "registration.begin",
  "POST /v1/auth/webauthn/registrations/create": "registration.finish",
};
const DELETE = /^\/v1\/auth\/users\/webauthn_credentials\/([^/]+)\/delete$/;

export function recognise({ method, path }) {
  if (method === "DELETE" && DELETE.test(path)) return "credentials.delete";
  return OPERATIONS[`${method} ${path}`];
}

export const rejected = (operation, message) => refused(400, "webauthn_verification_failed", message).answer;

export const serve = {
  "login.begin"(upstream, request) {
    const user = named(upstream, request);
    const passkeys = upstream.party.passkeysOf(user);
    if (passkeys.length === 0) throw refused(404, "webauthn_credential_not_found", "The user has no credential.");
    return { content: {
      public_key_credential_request_options: { publicKey: {
        challenge: base64(begin(upstream, user).challenge),
        timeout: 60000,
        rpId: upstream.party.rpId,
        allowCredentials: passkeys.map(({ id }) => ({ type: "public-key", id: base64(bytes(id)) })),
        userVerification: upstream.party.userVerification,
      } },
      user_id: user.id,
    } };
  },

  async "login.finish"(upstream, request) {
    key(upstream, request);
    const { public_key_credential: credential, session_expires_in: minutes } = request.content;
    const { user, handle } = await upstream.party.authenticate(take(upstream, credential), credential);
    const session = minutes === undefined ? null : session_(user, handle, minutes, request);
    return { content: {
      user_id: user.id,
      webauthn_credential_id: handle,
      session_token: session ? upstream.party.issue(user) : "",
      session_jwt: session ? upstream.party.issue(user) : "",
      session,
    } };
  },

  "registration.begin"(upstream, request) {
    const { party } = upstream;
    const user = named(upstream, request);
    return { content: {
      public_key_credential_creation_options: { publicKey: {
        challenge: base64(begin(upstream, user).challenge),
        rp: { name: "streambird", id: party.rpId },
        user: { name: user.email, displayName: user.name, id: base64(user.handle) },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        authenticatorSelection: {
          authenticatorAttachment: request.content.authenticator_type ?? "platform",
          userVerification: party.userVerification,
        },
        timeout: 60000,
        excludeCredentials: party.passkeysOf(user).map(({ id }) => ({ type: "public-key", id: base64(bytes(id)) })),
      } },
      user_id: user.id,
    } };
  },

  async "registration.finish"(upstream, request) {
    key(upstream, request);
    const { public_key_credential: credential, user_id: id } = request.content;
    const ceremony = take(upstream, credential);
    if (ceremony.user.id !== id) throw refused(400, "user_mismatch", "Another user began.");
    const passkey = await upstream.party.register(ceremony, credential, handle());
    return { content: { user_id: id, webauthn_credential_id: passkey.handle } };
  },

  "credentials.delete"(upstream, request) {
    key(upstream, request);
    const handle = decodeURIComponent(request.path.match(DELETE)[1]);
    const passkey = [...upstream.party.passkeys.values()].find((one) => one.handle === handle);
    if (!passkey) throw refused(404, "webauthn_credential_not_found", "There is no such credential.");
    upstream.party.passkeys.delete(passkey.id);
    return { content: { user_id: passkey.user.id, message: "The credential is gone." } };
  },
};

function refused(status, type, message) {
  return new Refused(status, { error_type: type, error_message: message, status_code: status });
}

function key({ credentials }, { fields }) {
  if (fields.authorization !== `Bearer ${credentials.key}`) throw refused(401, "unauthorized", "The key is wrong.");
}

function named(upstream, request) {
  key(upstream, request);
  const { domain, user_id: id } = request.content;
  if (domain !== upstream.party.rpId) throw refused(400, "invalid_domain", "The domain is not the application's.");
  const user = upstream.party.byId(id);
  if (!user) throw refused(404, "user_not_found", "There is no such user.");
  return user;
}

function begin({ party, ceremonies }, user) {
  const ceremony = party.begin(user);
  ceremonies.set(ceremony.challenge.toString("base64url"), ceremony);
  return ceremony;
}

function take({ ceremonies }, credential) {
  const challenge = RelyingParty.challengeOf(credential);
  const ceremony = ceremonies.get(challenge);
  if (!ceremonies.delete(challenge)) throw refused(400, "invalid_challenge", "The challenge is unknown or was used.");
  return ceremony;
}

function session_(user, handle, minutes, { fields }) {
  const now = new Date();
  return {
    id: `session_${randomBytes(9).toString("base64url")}`,
    user_id: user.id,
    started_at: now.toISOString(),
    expires_at: new Date(now.getTime() + minutes * 60_000).toISOString(),
    last_active_at: now.toISOString(),
    factors: [{
      delivery_channel: "webauthn",
      type: "webauthn",
      method: { method_id: handle, method_type: "webauthn_credential", last_verified_at: now.toISOString() },
    }],
    device_fingerprint: { user_agent: fields["user-agent"] ?? "", ip: "127.0.0.1" },
    updated_at: now.toISOString(),
    created_at: now.toISOString(),
  };
}
