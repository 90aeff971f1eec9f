// cloudreve-api, a Rust client of Cloudreve's API, signs in through passbridge.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Client } from "./support/client.mjs";
import { serve } from "./support/gateway.mjs";
import { rust } from "./support/installed.mjs";
import { forged, ORIGIN, Passkeys } from "./support/passkeys.mjs";
import { send, signUp, SIGNUP } from "./support/people.mjs";

const ADA = { email: "ada@example.com", name: "Ada" };

suite("against the embedded relying party", () => {
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
  const passkeys = new Passkeys();
  let gateway, client, ada, registered;

  before(async () => {
    gateway = await serve(config);
    client = new Client(rust("cloudreve"), { SITE: gateway.url });
    ada = await signUp(gateway, new Passkeys(), ADA);
    registered = await register(gateway, ada, passkeys);
  });

  after(async () => {
    await client?.end();
    await gateway?.stop();
  });

  test("somebody signs in", async () => {
    const { user, token } = await signIn(client, passkeys);
    assert.deepEqual({ id: user.id, email: user.email, nickname: user.nickname }, {
      id: ada.id, email: ADA.email, nickname: ADA.name,
    });
    assert.ok(Date.parse(user.created_at) <= Date.now());
    assert.ok(token.access_token && token.refresh_token);
    assert.ok(Date.parse(token.access_expires) > Date.now());
    assert.ok(Date.parse(token.refresh_expires) > Date.parse(token.access_expires));
  });

  test("an answer is taken once", async () => {
    const asked = await client.call("signIn");
    const answered = { session: asked.session, credential: passkeys.get(asked.options.publicKey) };
    await client.call("finish", answered);
    await assert.rejects(client.call("finish", answered), { name: "Api", code: 404 });
  });

  test("an answer that nobody signed is refused", async () => {
    const asked = await client.call("signIn");
    const credential = forged(passkeys.get(asked.options.publicKey));
    await assert.rejects(client.call("finish", { session: asked.session, credential }), { name: "Api", code: 40025 });
  });

  test("a passkey that is deleted signs nobody in any more", async () => {
    await signIn(client, passkeys);
    await client.call("forget", { id: registered.id });
    await assert.rejects(client.call("forget", { id: registered.id }), { name: "Api", code: 404 });
    await assert.rejects(signIn(client, passkeys), { name: "Api" });
  });
});

async function signIn(client, passkeys) {
  const { session, options } = await client.call("signIn");
  return client.call("finish", { session, credential: passkeys.get(options.publicKey) });
}

/** A passkey by the dialect's own registration, for which the client has no calls. */
async function register(gateway, { token }, passkeys) {
  const { data: { publicKey } } = await send(gateway, "PUT", "/api/v4/user/authn", { token });
  const content = { response: JSON.stringify(passkeys.create(publicKey)), name: "a laptop", ua: "a test" };
  const { data } = await send(gateway, "POST", "/api/v4/user/authn", { token, content });
  return data;
}
