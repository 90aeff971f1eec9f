// @auth0/auth0-spa-js signs up and in through passbridge, in Chromium, from another origin.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { start } from "../upstreams/start.mjs";
import { creationOptions } from "../upstreams/upstream.mjs";
import { BOUNDED } from "./support/bounded.mjs";
import { Browser } from "./support/browser.mjs";
import { Front } from "./support/front.mjs";
import { serve } from "./support/gateway.mjs";
import { claims } from "./support/users.mjs";
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
  const setup = {};
  before(async () => {
    await open(setup, (issuer, origin) => EMBEDDED(issuer, origin));
  });
  after(() => close(setup));

  test("a user signs up and signs in as the same user", async () => {
    const signedUp = await setup.browser.run(signUp, setup.app, ADA);
    isSignedIn(signedUp, setup.front.issuer);
    assert.equal((await setup.browser.passkeys()).length, 1);

    const signedIn = await setup.browser.run(signIn, setup.app);
    isSignedIn(signedIn, setup.front.issuer);
    assert.equal(signedIn.user.sub, signedUp.user.sub);
  });

  test("a taken address is reported", async () => {
    await assert.rejects(setup.browser.run(signUp, setup.app, ADA), { code: "user_exists" });
    assert.equal((await setup.browser.passkeys()).length, 1, "no passkey is created without a user");
  });

  refusals(setup);
});

suite("through a pair whose upstream is Cloudreve", BOUNDED, () => {
  const setup = {};
  before(async () => {
    await open(setup, async (issuer, origin) => {
      setup.upstream = await start("apifox", { origins: [origin] });
      return PAIR(issuer, origin, setup.upstream.url);
    });
    await enrol(setup);
  });
  after(() => close(setup));

  test("a user signs in with a passkey of the upstream", async () => {
    const signedIn = await setup.browser.run(signIn, setup.app);
    isSignedIn(signedIn, setup.front.issuer);
    assert.equal(signedIn.user.sub, setup.ada.id);
    assert.equal(setup.upstream.count("login.finish"), 1);
  });

  test("an operation missing upstream is reported", async () => {
    await assert.rejects(setup.browser.run(signUp, setup.app, ADA), { code: "not_found" });
  });

  refusals(setup);
});

function refusals(setup) {
  test("an unknown client is refused", async () => {
    await assert.rejects(setup.browser.run(signIn, { ...setup.app, clientId: "another" }), { code: "invalid_client" });
  });

  test("a used session is reported", async () => {
    await assert.rejects(setup.browser.run(signInTwice, setup.app), { code: "invalid_grant" });
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

async function open(setup, config) {
  setup.front = await Front.listen();
  setup.site = await Site.open(SCRIPT);
  setup.gateway = await serve(await config(setup.front.issuer, setup.site.origin));
  setup.front.serve(setup.gateway);
  setup.app = { domain: setup.front.domain, clientId: "spa" };
  setup.browser = await Browser.open(setup.site.origin);
}

/** Ada's passkey at the upstream, created in this browser before the migration. */
async function enrol(setup) {
  const { party } = setup.upstream;
  setup.ada = setup.upstream.addUser({ ...ADA, id: "bnUn" });
  const ceremony = party.begin(setup.ada);
  await party.register(ceremony, await setup.browser.run(create, creationOptions(party, ceremony)));
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
