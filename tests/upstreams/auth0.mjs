// Auth0: native passkeys for a client with a secret, and the My Account API for a user's bearer token.
// A login begin names no user. `auth_session` connects begin and finish and is used up by the finish.
//
// Not documented, and chosen here: 403 `invalid_grant` for an assertion that does not verify, and
// `key_id` is the credential id.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { base64url } from "./bytes.mjs";
import { idToken, keySet } from "./id_token.mjs";
import { ALGORITHMS } from "./relying_party.mjs";
import { Refused } from "./upstream.mjs";

export const provider = "auth0";
export const contentType = "application/json";
export const handle = () => `passkey|dev_${randomBytes(12).toString("base64url")}`;
export const user = (user) => ({ handle: randomBytes(48), ...user });

export const credentials = () => ({
  id: randomBytes(16).toString("base64url"),
  secret: randomBytes(32).toString("base64url"),
  signing: SIGNING,
});

/** One key pair for every imitation in the process, because creating one is slow. */
const SIGNING = generateKeyPairSync("rsa", { modulusLength: 2048 });

const GRANT = "urn:okta:params:oauth:grant-type:webauthn";
const METHODS = "/me/v1/authentication-methods";
const OPERATIONS = {
  "POST /passkey/challenge": "login.begin",
  "POST /passkey/register": "signup.begin",
  [`POST ${METHODS}`]: "registration.begin",
  [`POST ${METHODS}/passkey%7Cnew/verify`]: "registration.finish",
  [`GET ${METHODS}`]: "credentials.list",
};

export function recognise({ method, path, content }) {
  if (method === "POST" && path === "/oauth/token" && content?.grant_type === GRANT) {
    return content.authn_response?.response?.attestationObject === undefined ? "login.finish" : "signup.finish";
  }
  if (method === "DELETE" && path.startsWith(`${METHODS}/`)) return "credentials.delete";
  return OPERATIONS[`${method} ${path}`];
}

/** The documents that clients fetch before they request tokens. */
export function documents({ origin, credentials }, { method, path }) {
  if (method !== "GET") return undefined;
  if (path === "/.well-known/jwks.json") return keySet(credentials.signing);
  if (path !== "/.well-known/openid-configuration") return undefined;
  return { issuer: `${origin}/`, token_endpoint: `${origin}/oauth/token`, jwks_uri: `${origin}/.well-known/jwks.json` };
}

export function rejected(operation, message) {
  if (operation === "registration.finish") return problem(400, "Bad Request", message).answer;
  return refused(403, "invalid_grant", message).answer;
}

export const serve = {
  "login.begin"(upstream, { content }) {
    client(upstream, content);
    const { party } = upstream;
    const { ceremony, session } = begin(upstream, undefined);
    return { content: {
      auth_session: session,
      authn_params_public_key: {
        challenge: base64url(ceremony.challenge), timeout: 300000, rpId: party.rpId, userVerification: "preferred",
      },
    } };
  },

  async "login.finish"(upstream, { content }) {
    client(upstream, content);
    const ceremony = take(upstream, content.auth_session, refused(403, "invalid_grant", "auth_session is unknown"));
    const { user } = await upstream.party.authenticate(ceremony, content.authn_response);
    return { content: tokens(upstream, user, content) };
  },

  "signup.begin"(upstream, { content }) {
    client(upstream, content);
    const { email, name } = content.user_profile;
    if (upstream.party.byEmail(email)) throw refused(400, "invalid_request", "The user exists.");
    const user = { id: `auth0|${randomBytes(12).toString("hex")}`, email, name, handle: randomBytes(48) };
    const ceremony = begin(upstream, user);
    return { content: { auth_session: ceremony.session, authn_params_public_key: creation(upstream, ceremony) } };
  },

  async "signup.finish"(upstream, { content }) {
    client(upstream, content);
    const { party } = upstream;
    const ceremony = take(upstream, content.auth_session, refused(403, "invalid_grant", "auth_session is unknown"));
    const passkey = await party.register(ceremony, content.authn_response, handle());
    passkey.user = party.addUser(ceremony.user);
    return { content: tokens(upstream, passkey.user, content) };
  },

  "registration.begin"(upstream, request) {
    const ceremony = begin(upstream, bearer(upstream, request));
    return {
      status: 202,
      fields: { location: `${upstream.origin}${METHODS}/passkey%7Cnew` },
      content: { auth_session: ceremony.session, authn_params_public_key: creation(upstream, ceremony) },
    };
  },

  async "registration.finish"(upstream, request) {
    const user = bearer(upstream, request);
    const { auth_session, authn_response } = request.content;
    const ceremony = take(upstream, auth_session, problem(400, "Bad Request", "auth_session is unknown"));
    if (ceremony.user !== user) throw problem(403, "Forbidden", "Another user began.");
    const passkey = await upstream.party.register(ceremony, authn_response, handle());
    const method = described(upstream, passkey);
    return { status: 201, fields: { location: `${METHODS}/${encodeURIComponent(method.id)}` }, content: method };
  },

  "credentials.list"(upstream, request) {
    const user = bearer(upstream, request);
    const passkeys = upstream.party.passkeysOf(user).map((passkey) => described(upstream, passkey));
    const others = request.query?.type === undefined ? [{ id: "password|x", type: "password" }] : [];
    return { content: { authentication_methods: [...others, ...passkeys] } };
  },

  "credentials.delete"(upstream, request) {
    const user = bearer(upstream, request);
    const id = decodeURIComponent(request.path.slice(METHODS.length + 1));
    const passkey = upstream.party.passkeysOf(user).find((one) => one.handle === id);
    if (!passkey) throw problem(404, "Not Found", "There is no such method.");
    upstream.party.passkeys.delete(passkey.id);
    return { status: 204 };
  },
};

function refused(status, error, description) {
  return new Refused(status, { error, error_description: description });
}

function problem(status, title, detail) {
  const content = { type: "https://auth0.com/api-errors", title, status, detail };
  return new Refused(status, content, { "x-auth0-error-kind": title.toLowerCase().replaceAll(" ", "_") });
}

function client({ credentials }, { client_id: id, client_secret: secret }) {
  if (id === credentials.id && secret === credentials.secret) return;
  throw refused(401, "invalid_client", "The client is unknown or its secret wrong.");
}

function bearer({ party }, { fields }) {
  const user = party.byToken(fields.authorization?.replace(/^Bearer /, ""));
  if (!user) throw problem(401, "Unauthorized", "The token is not known.");
  return user;
}

function begin({ party, ceremonies }, user) {
  const ceremony = party.begin(user);
  const session = `Fe26.2**${randomBytes(24).toString("base64url")}`;
  ceremonies.set(session, ceremony);
  return { ceremony, session };
}

function take({ ceremonies }, session, refusal) {
  const ceremony = ceremonies.get(session);
  if (!ceremonies.delete(session)) throw refusal;
  return ceremony;
}

function creation({ party }, { ceremony: { challenge, user } }) {
  return {
    challenge: base64url(challenge),
    timeout: 300000,
    rp: { id: party.rpId, name: party.rpId },
    user: { id: base64url(user.handle), name: user.email, displayName: user.name ?? user.email },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
    authenticatorSelection: { residentKey: "required", userVerification: "preferred" },
  };
}

function tokens(upstream, user, { scope = "" }) {
  const granted = scope.split(" ");
  return {
    access_token: upstream.party.issue(user),
    token_type: "Bearer",
    expires_in: 86400,
    ...(granted.includes("openid") ? { id_token: idToken(upstream, user, granted) } : {}),
    ...(granted.includes("offline_access") ? { refresh_token: upstream.party.issue(user) } : {}),
    ...(scope === "" ? {} : { scope }),
  };
}

function described({ party }, { id, handle, user, publicKey, transports = [], createdAt, name }) {
  return {
    id: handle,
    type: "passkey",
    credential_device_type: "multi_device",
    credential_backed_up: true,
    identity_user_id: user.id.split("|").at(-1),
    key_id: id,
    public_key: Buffer.from(publicKey).toString("base64"),
    transports,
    user_agent: "Chromium",
    user_handle: base64url(user.handle),
    relying_party_id: party.rpId,
    usage: ["authentication"],
    created_at: createdAt.toISOString(),
    ...(name === undefined ? {} : { name }),
  };
}
