// Two dialects as an application's page and server use them: the request of each step, where the response has
// the options, and the form of successes and refusals.

import assert from "node:assert/strict";
import { claims } from "./users.mjs";

const APP_KEY = "sk_test_of_the_app";

export const STREAMBIRD = {
  name: "Streambird",
  id: "streambird",
  callers: () => '{ key = ["env:APP_KEY"] }',
  secrets: () => ({ APP_KEY }),

  /** The page calls its own server. */
  address: (_gateway, { path, content }) => ({ url: "/backend", content: { path, content } }),

  /** The server has the key. */
  async backend(gateway, path, content) {
    const headers = { "content-type": "application/json", authorization: `Bearer ${APP_KEY}` };
    const answer = await fetch(gateway.url + path, { method: "POST", headers, body: JSON.stringify(content) });
    return { status: answer.status, content: await answer.json() };
  },

  registration: {
    begin: ({ id }) => ({
      path: "/v1/auth/webauthn/registrations/begin",
      content: { domain: "localhost", user_id: id },
    }),
    options: (begun) => begun.public_key_credential_creation_options.publicKey,
    finish: ({ id }, credential) => ({
      path: "/v1/auth/webauthn/registrations/create",
      content: { public_key_credential: credential, user_id: id },
    }),
    done(finishContent, { id }) {
      assert.equal(finishContent.user_id, id);
      assert.ok(finishContent.webauthn_credential_id);
    },
  },

  login: {
    begin: ({ id }) => ({
      path: "/v1/auth/webauthn/authentication/begin",
      content: { domain: "localhost", user_id: id },
    }),
    options: (begun) => begun.public_key_credential_request_options.publicKey,
    finish: (_user, credential) => ({
      path: "/v1/auth/webauthn/verify",
      content: { public_key_credential: credential, session_expires_in: 30 },
    }),
    done(finishContent, { id }) {
      assert.equal(finishContent.user_id, id);
      assert.ok(finishContent.webauthn_credential_id);
      assert.ok(finishContent.session_jwt);
    },
  },

  refused: (call) => assert.rejects(call, ({ status, content }) => status === 400 && content.status_code === 400),
  unknown: (call) => assert.rejects(call, ({ status, content }) => status === 404 && content.status_code === 404),

  /** quiva is the upstream. It identifies users by e-mail address. */
  pair: {
    upstream: "quiva",
    id: "ada",
    config: ({ url }) => `
[upstreams.there]
provider = "quiva"
base_url = "${url}"

[routes.app]
dialect  = "streambird"
upstream = "there"
callers  = { key = ["env:APP_KEY"] }
[routes.app.set]
user.email = "{user.id}@example.com"
`,
  },
};

export const QUIVA = {
  name: "quiva",
  id: "quiva",
  callers: (users) => `{ open = "anyone", user = ${users} }`,
  secrets: (upstream) => ({ UPSTREAM_KEY: upstream?.credentials.key ?? "unused" }),

  /** The page sends the request itself. */
  address: (gateway, { path, token, content }) => ({ url: gateway.url + path, token, content }),

  registration: {
    begin: ({ token }) => ({ path: "/accounts/begin-passkey-registration", token, content: {} }),
    options: (begun) => begun.data,
    finish: ({ token }, credential) => ({
      path: "/accounts/complete-passkey-registration",
      token,
      content: { credential, credential_alias: "a laptop" },
    }),
    done: ({ data: { passkey } }) => assert.equal(passkey.alias, "a laptop"),
  },

  login: {
    begin: ({ email }) => ({ path: "/accounts/begin-auth-with-passkey", content: { email } }),
    options: (begun) => begun.data,
    finish: ({ email }, credential) => ({
      path: "/accounts/complete-auth-with-passkey",
      content: { email, credential: JSON.stringify(credential) },
    }),
    done({ data }) {
      assert.ok(data.refresh_token);
      assert.ok(claims(data.auth_token).sub);
    },
  },

  refused: (call) => assert.rejects(call, ({ status, content }) => status === 401 && typeof content.error === "string"),
  unknown: (call) => assert.rejects(call, ({ status, content }) => status === 401 && typeof content.error === "string"),

  /**
   * Streambird is the upstream. It identifies users by ids, which are their addresses here. It has no
   * refresh tokens, so the gateway issues the tokens.
   */
  pair: {
    upstream: "streambird",
    id: "ada@example.com",
    config: ({ url }, origin) => `
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["${origin}"]
database = "passbridge.db"

[upstreams.there]
provider = "streambird"
base_url = "${url}"
[upstreams.there.set]
client.key = "env:UPSTREAM_KEY"
rp_id      = "localhost"

[routes.app]
dialect  = "quiva"
upstream = "there"
issuer   = "own"
callers  = { open = "anyone" }
exclude_operations = ["registration.begin", "registration.finish", "credentials.delete"]
cors     = { origins = ["${origin}"] }
[routes.app.set]
user.id = "{user.email}"
`,
  },
};
