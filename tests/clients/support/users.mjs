// Users for tests of clients that sign in but do not sign up. They sign up by plain requests on a separate
// route, in the one dialect that has sign-up.

import { strict as assert } from "node:assert";

/** The route on which users sign up at the upstream `own`. */
export const SIGNUP = `
[routes.signup]
dialect  = "auth0"
upstream = "own"
callers  = { client = "anyone", user = "upstream" }
`;

/** A new user with a first passkey and an access token. */
export async function signUp(gateway, passkeys, { email, name }) {
  const begun = await post(gateway, "/passkey/register", { client_id: "signup", user_profile: { email, name } });
  const tokens = await post(gateway, "/oauth/token", {
    grant_type: "urn:okta:params:oauth:grant-type:webauthn",
    client_id: "signup",
    scope: "openid",
    auth_session: begun.auth_session,
    authn_response: passkeys.create(begun.authn_params_public_key),
  });
  const { sub } = claims(tokens.id_token);
  return { id: sub, email, name, token: tokens.access_token };
}

/** The claims of a token, without verifying it. */
export function claims(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}

/** Sends JSON and reads JSON. */
export async function send(gateway, method, path, { content, token }) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(gateway.url + path, { method, headers, body: JSON.stringify(content) });
  const text = await answer.text();
  assert.equal(answer.ok, true, `${method} ${path} was answered ${answer.status} ${text}`);
  return JSON.parse(text);
}

const post = (gateway, path, content) => send(gateway, "POST", path, { content });
