// streambird, the Python SDK, signs in through passbridge. It has no calls of its own for passkeys, so the
// application names the endpoints.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { start } from "../upstreams/start.mjs";
import { BOUNDED } from "./support/bounded.mjs";
import { Client } from "./support/client.mjs";
import { trusting } from "./support/front.mjs";
import { python } from "./support/installed.mjs";
import { forged, ORIGIN, Passkeys } from "./support/passkeys.mjs";
import { claims, signUp, SIGNUP } from "./support/users.mjs";
import { Setup } from "./support/setup.mjs";

const APP_KEY = "sk_test_of_the_app";
const ADA = { email: "ada@example.com", name: "Ada" };
const BEGIN = "auth/webauthn/authentication/begin";
const VERIFY = "auth/webauthn/verify";

suite("against the embedded relying party", BOUNDED, () => {
  const setup = new Setup(connect, APP_KEY);
  before(async () => {
    await setup.open(() => `
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["${ORIGIN}"]
database = "passbridge.db"

[routes.app]
dialect  = "streambird"
upstream = "own"
callers  = { key = ["env:APP_KEY"] }
${SIGNUP}`, { APP_KEY });
    setup.ada = await signUp(setup.gateway, new Passkeys(), ADA);
    setup.ada.credential = await register(setup);
  });
  after(() => setup.close());

  test("a user signs in, with a session on request", async () => {
    const { ada } = setup;
    const bare = await post(setup, VERIFY, { public_key_credential: await answer(setup) });
    assert.deepEqual(bare, {
      user_id: ada.id, webauthn_credential_id: ada.credential, session_token: "", session_jwt: "", session: null,
    });
    const content = { public_key_credential: await answer(setup), session_expires_in: 30 };
    const lasting = await post(setup, VERIFY, content);
    assert.equal(lasting.user_id, ada.id);
    assert.equal(lasting.webauthn_credential_id, ada.credential);
    assert.ok(lasting.session_token);
    assert.equal(claims(lasting.session_jwt).sub, ada.id);
  });

  test("an unknown user is reported", async () => {
    const unknownUser = { domain: "localhost", user_id: "user_nobody" };
    await assert.rejects(post(setup, BEGIN, unknownUser), { name: "StreambirdResourceNotFound", code: 404 });
  });

  refusals(setup);

  test("a deleted credential is refused", async () => {
    const endpoint = `auth/users/webauthn_credentials/${setup.ada.credential}/delete`;
    const public_key_credential = await answer(setup);
    assert.equal((await setup.client.call("delete", { endpoint })).user_id, setup.ada.id);
    await assert.rejects(setup.client.call("delete", { endpoint }), { name: "StreambirdResourceNotFound", code: 404 });
    await refused(post(setup, VERIFY, { public_key_credential }));
  });
});

suite("through a pair whose upstream is Auth0", BOUNDED, () => {
  const setup = new Setup(connect, APP_KEY);
  before(async () => {
    setup.upstream = await start("auth0");
    setup.ada = setup.upstream.addUser({ ...ADA, id: "ada" });
    await setup.upstream.enrol(setup.ada, setup.passkeys);
    const { url, credentials: { id, secret } } = setup.upstream;
    // Auth0's begin lists no passkeys, so `relax` accepts an empty list for Streambird's clients.
    await setup.open(() => `
[upstreams.there]
provider = "auth0"
base_url = "${url}"
[upstreams.there.set]
client.id     = "${id}"
client.secret = "env:UPSTREAM_SECRET"
scope         = "openid profile email"

[routes.app]
dialect  = "streambird"
upstream = "there"
callers  = { key = ["env:APP_KEY"] }
relax    = ["allow_credentials"]
`, { APP_KEY, UPSTREAM_SECRET: secret });
  });
  after(() => setup.close());

  test("a user signs in with a passkey of the upstream", async () => {
    const signedIn = await post(setup, VERIFY, { public_key_credential: await answer(setup), session_expires_in: 30 });
    assert.equal(signedIn.user_id, setup.ada.id);
    assert.ok(signedIn.webauthn_credential_id);
    assert.ok(signedIn.session_jwt);
    assert.equal(setup.upstream.count("login.finish"), 1);
  });

  test("no user signs in as another", async () => {
    const named = { domain: "localhost", user_id: "bob" };
    const { public_key_credential_request_options: { publicKey } } = await post(setup, BEGIN, named);
    await refused(post(setup, VERIFY, { public_key_credential: setup.passkeys.get(publicKey) }));
  });

  refusals(setup);
});

function refusals(setup) {
  test("an assertion is accepted once", async () => {
    const public_key_credential = await answer(setup);
    await post(setup, VERIFY, { public_key_credential });
    await refused(post(setup, VERIFY, { public_key_credential }));
  });

  test("an unsigned assertion is refused", async () => {
    await refused(post(setup, VERIFY, { public_key_credential: forged(await answer(setup)) }));
  });

  test("a wrong key is reported", async () => {
    const wrongClient = setup.start("sk_test_of_another");
    const content = { domain: "localhost", user_id: setup.ada.id };
    const call = wrongClient.call("post", { endpoint: BEGIN, content });
    await assert.rejects(call, { name: "StreambirdUnauthorized", code: 401 });
    await wrongClient.end();
  });
}

const refused = (call) => assert.rejects(call, { name: "StreambirdInvalidRequest", code: 400 });

function connect(front, KEY) {
  return new Client(python("streambird_sdk.py"), { API: `${front.issuer}v1`, KEY, ...trusting(front) });
}

function post({ client }, endpoint, content) {
  return client.call("post", { endpoint, content });
}

/** Registers a passkey by the dialect's own registration, and returns its id in the dialect. */
async function register(setup) {
  const user = { user_id: setup.ada.id };
  const begun = await post(setup, "auth/webauthn/registrations/begin", { domain: "localhost", ...user });
  const { public_key_credential_creation_options: { publicKey } } = begun;
  const content = { public_key_credential: setup.passkeys.create(publicKey), ...user };
  return (await post(setup, "auth/webauthn/registrations/create", content)).webauthn_credential_id;
}

/** A sign-in up to the authenticator's response. */
async function answer(setup) {
  const begun = await post(setup, BEGIN, { domain: "localhost", user_id: setup.ada.id });
  return setup.passkeys.get(begun.public_key_credential_request_options.publicKey);
}
