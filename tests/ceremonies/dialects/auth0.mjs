// The requests of an Auth0 client, and what it reads from responses: a regular web application with a secret,
// and the My Account API with the user's token.

import { creationOptions, requestOptions } from "../options.mjs";

export const provider = "auth0";
export const prefix = "";
export const succeeded = ({ status }) => status < 300;

const METHODS = "/me/v1/authentication-methods";
const json = { "content-type": "application/json" };
const bearer = ({ token }) => ({ authorization: `Bearer ${token}` });
const client = ({ client: { id, secret } }) => ({ client_id: id, client_secret: secret });

const grant = (user) => ({
  grant_type: "urn:okta:params:oauth:grant-type:webauthn",
  ...client(user),
  scope: "openid profile email offline_access",
});

export const requests = {
  "login.begin": (user) => ({
    method: "POST", path: "/passkey/challenge", fields: json,
    content: { ...client(user), realm: "Username-Password-Authentication" },
  }),
  "login.finish": (user, { credential, begun }) => ({
    method: "POST", path: "/oauth/token", fields: json,
    content: { ...grant(user), auth_session: begun.auth_session, authn_response: asserted(credential) },
  }),
  "signup.begin": (user) => ({
    method: "POST", path: "/passkey/register", fields: json,
    content: { ...client(user), user_profile: { email: user.email, name: user.name } },
  }),
  "signup.finish": (user, { credential, begun }) => ({
    method: "POST", path: "/oauth/token", fields: json,
    content: { ...grant(user), auth_session: begun.auth_session, authn_response: attested(credential) },
  }),
  "registration.begin": (user) => ({
    method: "POST", path: METHODS, fields: { ...json, ...bearer(user) }, content: { type: "passkey" },
  }),
  "registration.finish": (user, { credential, begun }) => ({
    method: "POST", path: `${METHODS}/passkey%7Cnew/verify`, fields: { ...json, ...bearer(user) },
    content: { auth_session: begun.auth_session, authn_response: attested(credential) },
  }),
  "credentials.list": (user) => ({
    method: "GET", path: METHODS, query: { type: "passkey" }, fields: bearer(user),
  }),
  "credentials.delete": (user, { registered }) => ({
    method: "DELETE", path: `${METHODS}/${encodeURIComponent(registered.id)}`, fields: bearer(user),
  }),
};

/** Every member of `response` is a string: the SDKs omit an absent user handle. */
function asserted({ id, rawId, type, authenticatorAttachment, response, clientExtensionResults }) {
  return { id, rawId, type, authenticatorAttachment, response, clientExtensionResults };
}

function attested({ response: { clientDataJSON, attestationObject }, ...credential }) {
  return asserted({ ...credential, response: { clientDataJSON, attestationObject } });
}

const tokens = ({ access_token: access, refresh_token: refresh, id_token: idToken }) => ({ access, refresh, idToken });

export const reads = {
  "login.begin": ({ authn_params_public_key: options }) => requestOptions(options),
  "login.finish": tokens,
  "signup.begin": ({ authn_params_public_key: options }) => creationOptions(options),
  "signup.finish": tokens,
  "registration.begin": ({ authn_params_public_key: options }) => creationOptions(options),
  "registration.finish": ({ id: handle, key_id: id }) => ({ handle, id }),
  "credentials.list": ({ authentication_methods: methods }) => methods.map(({ id: handle, key_id: id }) => ({ handle, id })),
};

export const fault = ({ status, content }) => ({ status, code: content.error, text: content.error_description ?? content.detail });

export const faults = {
  challenge_expired: { "login.finish": 403, "signup.finish": 403, "registration.finish": 400 },
  assertion_rejected: { "login.finish": 403, "signup.finish": 403, "registration.finish": 400 },
  not_enabled: { "signup.begin": 404, "registration.begin": 403, "credentials.list": 403, "credentials.delete": 403 },
};
