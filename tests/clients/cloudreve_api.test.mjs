// cloudreve-api, a Rust client of Cloudreve's API, signs in through passbridge.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { start } from "../upstreams/start.mjs";
import { BOUNDED } from "./support/bounded.mjs";
import { Client } from "./support/client.mjs";
import { serve } from "./support/gateway.mjs";
import { rust } from "./support/installed.mjs";
import { forged, ORIGIN, Passkeys } from "./support/passkeys.mjs";
import { send, signUp, SIGNUP } from "./support/users.mjs";

const ADA = { email: "ada@example.com", name: "Ada" };

suite("against the embedded relying party", BOUNDED, () => {
  const config = `
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["${ORIGIN}"]
database = "passbridge.db"

[routes.app]
dialect  = "apifox"
upstream = "own"
prefix   = "/api/v4"
callers  = { open = "anyone", user = "upstream" }
${SIGNUP}`;
  const setup = { passkeys: new Passkeys() };
  let registered;

  before(async () => {
    setup.gateway = await serve(config);
    setup.client = new Client(rust("cloudreve"), { SITE: setup.gateway.url });
    setup.ada = await signUp(setup.gateway, new Passkeys(), ADA);
    registered = await register(setup.gateway, setup.ada, setup.passkeys);
  });
  after(() => close(setup));

  test("a user signs in", async () => {
    const { user } = isSignedIn(await signIn(setup), setup.ada);
    assert.ok(Date.parse(user.created_at) <= Date.now());
  });

  refusals(setup);

  test("a deleted passkey is refused", async () => {
    await signIn(setup);
    await setup.client.call("forget", { id: registered.id });
    await assert.rejects(setup.client.call("forget", { id: registered.id }), { name: "Api", code: 404 });
    await assert.rejects(signIn(setup), { name: "Api", code: 40025 });
  });
});

suite("through a pair whose upstream is Auth0", BOUNDED, () => {
  /** The gateway issues the tokens, because Cloudreve's clients need an expiry of refresh tokens; Auth0's have none. */
  const config = ({ url, credentials }) => `
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["${ORIGIN}"]
database = "passbridge.db"

[upstreams.there]
provider = "auth0"
base_url = "${url}"
[upstreams.there.set]
client.id     = "${credentials.id}"
client.secret = "env:UPSTREAM_SECRET"
scope         = "openid profile email"

[routes.app]
dialect  = "apifox"
upstream = "there"
issuer   = "own"
prefix   = "/api/v4"
callers  = { open = "anyone" }
exclude_operations = ["registration.begin", "registration.finish", "credentials.list", "credentials.delete"]
[routes.app.fill]
user.created_at = 1700000000
`;
  const setup = { passkeys: new Passkeys() };

  before(async () => {
    setup.upstream = await start("auth0");
    setup.ada = setup.upstream.addUser({ ...ADA, id: "auth0|ada" });
    await setup.upstream.enrol(setup.ada, setup.passkeys);
    const { secret } = setup.upstream.credentials;
    setup.gateway = await serve(config(setup.upstream), { UPSTREAM_SECRET: secret });
    setup.client = new Client(rust("cloudreve"), { SITE: setup.gateway.url });
  });
  after(() => close(setup));

  test("a user signs in with a passkey of the upstream", async () => {
    const { user } = isSignedIn(await signIn(setup), setup.ada);
    assert.equal(Date.parse(user.created_at), 1_700_000_000_000);
    assert.equal(setup.upstream.count("login.finish"), 1);
  });

  test("an unreachable upstream is reported", async () => {
    setup.upstream.next("login.begin", { status: 503, content: "be back soon" });
    await assert.rejects(setup.client.call("signIn"), { name: "Api", code: -1 });
  });

  refusals(setup);
});

function refusals(setup) {
  test("an assertion is accepted once", async () => {
    const answered = await answer(setup);
    await setup.client.call("finish", answered);
    await assert.rejects(setup.client.call("finish", answered), { name: "Api", code: 404 });
  });

  test("an unsigned assertion is refused", async () => {
    const { session, credential } = await answer(setup);
    const refused = setup.client.call("finish", { session, credential: forged(credential) });
    await assert.rejects(refused, { name: "Api", code: 40025 });
  });
}

async function signIn(setup) {
  return setup.client.call("finish", await answer(setup));
}

/** A sign-in up to the authenticator's response. */
async function answer({ client, passkeys }) {
  const { session, options } = await client.call("signIn");
  return { session, credential: passkeys.get(options.publicKey) };
}

function isSignedIn({ user, token }, { id }) {
  const { email, nickname } = user;
  assert.deepEqual({ id: user.id, email, name: nickname }, { id, ...ADA });
  assert.ok(token.access_token && token.refresh_token);
  assert.ok(Date.parse(token.access_expires) > Date.now());
  assert.ok(Date.parse(token.refresh_expires) > Date.parse(token.access_expires));
  return { user, token };
}

async function close({ client, gateway, upstream }) {
  await client?.end();
  await gateway?.stop();
  await upstream?.close();
}

/** A passkey by the dialect's own registration, for which the client has no calls. */
async function register(gateway, { token }, passkeys) {
  const { data: { publicKey } } = await send(gateway, "PUT", "/api/v4/user/authn", { token });
  const content = { response: JSON.stringify(passkeys.create(publicKey)), name: "a laptop", ua: "a test" };
  const { data } = await send(gateway, "POST", "/api/v4/user/authn", { token, content });
  return data;
}
