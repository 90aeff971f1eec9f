// @auth0/auth0-spa-js signs up and in through passbridge, in Chromium, from another origin.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { start } from "../upstreams/start.mjs";
import { creationOptions } from "../upstreams/upstream.mjs";
import { BOUNDED } from "./support/bounded.mjs";
import { Browser } from "./support/browser.mjs";
import { Front } from "./support/front.mjs";
import { serve } from "./support/gateway.mjs";
import { claims } from "./support/people.mjs";
import { Site } from "./support/site.mjs";

const SCRIPT = "@auth0/auth0-spa-js/dist/auth0-spa-js.production.js";
const ADA = { email: "ada@example.com", name: "Ada" };

const OWN = (issuer, origin) => `
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["${origin}"]
issuer   = "${issuer}"
database = "passbridge.db"
`;

const EMBEDDED = (issuer, origin) => `${OWN(issuer, origin)}
[routes.app]
dialect  = "auth0"
upstream = "own"
callers  = { client = { spa = "public" }, user = "upstream" }
cors     = { origins = ["${origin}"] }
`;

/** Cloudreve is the upstream. The gateway issues the tokens, because this client cannot check Cloudreve's. */
const PAIR = (issuer, origin, url) => `${OWN(issuer, origin)}
[upstreams.there]
provider = "apifox"
base_url = "${url}"

[routes.app]
dialect  = "auth0"
upstream = "there"
issuer   = "own"
callers  = { client = { spa = "public" } }
cors     = { origins = ["${origin}"] }
exclude_operations = ["registration.begin", "registration.finish", "credentials.list", "credentials.delete"]
`;

suite("against the embedded relying party", BOUNDED, () => {
  const stage = {};
  before(async () => {
    await open(stage, (issuer, origin) => EMBEDDED(issuer, origin));
  });
  after(() => close(stage));

  test("a user signs up and signs in as the same user", async () => {
    const signedUp = await stage.browser.run(signUp, stage.app, ADA);
    isSignedIn(signedUp, stage.front.issuer);
    assert.equal((await stage.browser.passkeys()).length, 1);

    const signedIn = await stage.browser.run(signIn, stage.app);
    isSignedIn(signedIn, stage.front.issuer);
    assert.equal(signedIn.user.sub, signedUp.user.sub);
  });

  test("a taken address is reported", async () => {
    await assert.rejects(stage.browser.run(signUp, stage.app, ADA), { code: "user_exists" });
    assert.equal((await stage.browser.passkeys()).length, 1, "no passkey is created without a user");
  });

  refusals(stage);
});

suite("through a pair whose upstream is Cloudreve", BOUNDED, () => {
  const stage = {};
  before(async () => {
    await open(stage, async (issuer, origin) => {
      stage.upstream = await start("apifox", { origins: [origin] });
      return PAIR(issuer, origin, stage.upstream.url);
    });
    await enrol(stage);
  });
  after(() => close(stage));

  test("a user signs in with a passkey of the upstream", async () => {
    const signedIn = await stage.browser.run(signIn, stage.app);
    isSignedIn(signedIn, stage.front.issuer);
    assert.equal(signedIn.user.sub, stage.ada.id);
    assert.equal(stage.upstream.count("login.finish"), 1);
  });

  test("an operation missing upstream is reported", async () => {
    await assert.rejects(stage.browser.run(signUp, stage.app, ADA), { code: "not_found" });
  });

  refusals(stage);
});

function refusals(stage) {
  test("an unknown client is refused", async () => {
    await assert.rejects(stage.browser.run(signIn, { ...stage.app, clientId: "another" }), { code: "invalid_client" });
  });

  test("a used session is reported", async () => {
    await assert.rejects(stage.browser.run(signInTwice, stage.app), { code: "invalid_grant" });
  });
}

// ===== inside the page

async function signUp({ domain, clientId }, person) {
  const client = new auth0.Auth0Client({ domain, clientId });
  const tokens = await client.passkey.signup(person);
  return { tokens, user: await client.getUser() };
}

async function signIn({ domain, clientId }) {
  const client = new auth0.Auth0Client({ domain, clientId });
  const tokens = await client.passkey.login();
  return { tokens, user: await client.getUser() };
}

async function signInTwice({ domain, clientId }) {
  const { passkey } = new auth0.Auth0Client({ domain, clientId });
  const { authSession, publicKey } = await passkey.getLoginChallenge();
  const credential = await navigator.credentials.get({ publicKey });
  await passkey.getTokenWithPasskey({ authSession, credential });
  await passkey.getTokenWithPasskey({ authSession, credential });
}

async function create(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}

// ===== outside the page

async function open(stage, config) {
  stage.front = await Front.listen();
  stage.site = await Site.open(SCRIPT);
  stage.gateway = await serve(await config(stage.front.issuer, stage.site.origin));
  stage.front.serve(stage.gateway);
  stage.app = { domain: stage.front.domain, clientId: "spa" };
  stage.browser = await Browser.open(stage.site.origin);
}

/** Ada's passkey at the upstream, created in this browser before the migration. */
async function enrol(stage) {
  const { party } = stage.upstream;
  stage.ada = stage.upstream.addUser({ ...ADA, id: "bnUn" });
  const ceremony = party.begin(stage.ada);
  await party.register(ceremony, await stage.browser.run(create, creationOptions(party, ceremony)));
}

async function close({ browser, site, front, gateway, upstream }) {
  await browser?.close();
  await site?.close();
  await front?.close();
  await gateway?.stop();
  await upstream?.close();
}

function isSignedIn({ tokens, user }, issuer) {
  assert.deepEqual({ email: user.email, name: user.name }, ADA);
  const { iss, aud, sub } = claims(tokens.id_token);
  assert.deepEqual({ iss, aud, sub }, { iss: issuer, aud: "spa", sub: user.sub });
  assert.equal(claims(tokens.access_token).sub, user.sub);
  assert.equal(tokens.token_type, "Bearer");
  assert.ok(tokens.expires_in > 0);
}
