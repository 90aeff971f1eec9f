// streambird, the Python SDK, signs in through passbridge.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Client } from "./support/client.mjs";
import { Front, trusting } from "./support/front.mjs";
import { serve } from "./support/gateway.mjs";
import { python } from "./support/installed.mjs";
import { forged, ORIGIN, Passkeys } from "./support/passkeys.mjs";
import { claims, signUp, SIGNUP } from "./support/people.mjs";

const SECRETS = { APP_KEY: "sk_test_of_the_app" };
const BEGIN = "auth/webauthn/authentication/begin";
const VERIFY = "auth/webauthn/verify";

suite("against the embedded relying party", () => {
  const config = `
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["${ORIGIN}"]
database = "passbridge.db"

[routes.app]
dialect  = "streambird"
upstream = "own"
callers  = { key = ["env:APP_KEY"] }
${SIGNUP}`;
  const passkeys = new Passkeys();
  let front, gateway, client, ada;

  const start = (KEY) => new Client(python("streambird_sdk.py"), { API: `${front.issuer}v1`, KEY, ...trusting(front) });
  const post = (endpoint, content) => client.call("post", { endpoint, content });

  const begin = async () => {
    const named = { domain: "localhost", user_id: ada.id };
    const { public_key_credential_request_options: { publicKey } } = await post(BEGIN, named);
    return passkeys.get(publicKey);
  };

  before(async () => {
    front = await Front.listen();
    gateway = await serve(config, SECRETS);
    front.serve(gateway);
    client = start(SECRETS.APP_KEY);
    ada = await signUp(gateway, new Passkeys(), { email: "ada@example.com", name: "Ada" });
    ada.credential = await register(post, ada, passkeys);
  });

  after(async () => {
    await client?.end();
    await front?.close();
    await gateway?.stop();
  });

  test("somebody signs in, with a session where one is asked for", async () => {
    const bare = await post(VERIFY, { public_key_credential: await begin() });
    assert.deepEqual(bare, {
      user_id: ada.id, webauthn_credential_id: ada.credential, session_token: "", session_jwt: "", session: null,
    });
    const lasting = await post(VERIFY, { public_key_credential: await begin(), session_expires_in: 30 });
    assert.equal(lasting.user_id, ada.id);
    assert.equal(lasting.webauthn_credential_id, ada.credential);
    assert.ok(lasting.session_token);
    assert.equal(claims(lasting.session_jwt).sub, ada.id);
  });

  test("an answer is taken once", async () => {
    const public_key_credential = await begin();
    await post(VERIFY, { public_key_credential });
    await assert.rejects(post(VERIFY, { public_key_credential }), { name: "StreambirdInvalidRequest", code: 400 });
  });

  test("an answer that nobody signed is refused", async () => {
    const public_key_credential = forged(await begin());
    await assert.rejects(post(VERIFY, { public_key_credential }), { name: "StreambirdInvalidRequest", code: 400 });
  });

  test("a user who is not there is told as such", async () => {
    const nobody = { domain: "localhost", user_id: "user_nobody" };
    await assert.rejects(post(BEGIN, nobody), { name: "StreambirdResourceNotFound", code: 404 });
  });

  test("a wrong key is told as such", async () => {
    const stranger = start("sk_test_of_another");
    const content = { domain: "localhost", user_id: ada.id };
    const refused = stranger.call("post", { endpoint: BEGIN, content });
    await assert.rejects(refused, { name: "StreambirdUnauthorized", code: 401 });
    await stranger.end();
  });

  test("a credential that is deleted signs nobody in any more", async () => {
    const endpoint = `auth/users/webauthn_credentials/${ada.credential}/delete`;
    const public_key_credential = await begin();
    assert.equal((await client.call("delete", { endpoint })).user_id, ada.id);
    await assert.rejects(client.call("delete", { endpoint }), { name: "StreambirdResourceNotFound", code: 404 });
    await assert.rejects(post(VERIFY, { public_key_credential }), { name: "StreambirdInvalidRequest", code: 400 });
  });
});

/** A passkey by the dialect's own registration; answers with the name it has there. */
async function register(post, { id }, passkeys) {
  const begun = await post("auth/webauthn/registrations/begin", { domain: "localhost", user_id: id });
  const { public_key_credential_creation_options: { publicKey } } = begun;
  const content = { public_key_credential: passkeys.create(publicKey), user_id: id };
  return (await post("auth/webauthn/registrations/create", content)).webauthn_credential_id;
}
