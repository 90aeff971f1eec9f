// The tests of every Auth0 client without a browser: it signs users up and in, and reports errors by the
// dialect's own codes.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { start } from "../../upstreams/start.mjs";
import { BOUNDED } from "./bounded.mjs";
import { Client } from "./client.mjs";
import { trusting } from "./front.mjs";
import { forged, ORIGIN } from "./passkeys.mjs";
import { claims } from "./users.mjs";
import { Setup } from "./setup.mjs";

const ADA = { email: "ada@example.com", name: "Ada" };
const GRACE = { email: "grace@example.com", name: "Grace" };
const SECRETS = { APP_SECRET: "the app's own secret" };

const OWN = (issuer) => `
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["${ORIGIN}"]
issuer   = "${issuer}"
database = "passbridge.db"
`;

const EMBEDDED = ({ issuer }) => `${OWN(issuer)}
[routes.app]
dialect  = "auth0"
upstream = "own"
callers  = { client = { app = "env:APP_SECRET" }, user = "upstream" }
`;

/** Cloudreve is the upstream. The gateway issues the tokens, because these clients cannot check Cloudreve's. */
const PAIR = ({ issuer }, url) => `${OWN(issuer)}
[upstreams.there]
provider = "apifox"
base_url = "${url}"

[routes.app]
dialect    = "auth0"
upstream   = "there"
issuer     = "own"
callers    = { client = { app = "env:APP_SECRET" } }
exclude_operations = ["registration.begin", "registration.finish", "credentials.list", "credentials.delete"]
`;

/** @param {string[]} command how the client is started */
export function signsInWith(command) {
  suite("against the embedded relying party", BOUNDED, () => embedded(command));
  suite("through a pair whose upstream is Cloudreve", BOUNDED, () => pair(command));
}

function embedded(command) {
  const setup = new Setup(connecting(command), SECRETS.APP_SECRET);
  before(() => setup.open(EMBEDDED, SECRETS));
  after(() => setup.close());

  test("a user signs up and signs in as the same user", async () => {
    const { client, front, passkeys } = setup;
    const offered = await client.call("signUp", ADA);
    assert.equal(offered.options.rp.id, "localhost");
    const credential = passkeys.create(offered.options);
    const signedUp = await client.call("finish", { session: offered.session, credential });
    isSignedIn(signedUp, front.issuer, ADA);

    const answered = await answer(setup);
    const signedIn = await client.call("finish", answered);
    isSignedIn(signedIn, front.issuer, ADA);
    assert.equal(signedIn.user.sub, signedUp.user.sub);
    assert.notEqual(signedIn.accessToken, signedUp.accessToken);
    await assert.rejects(client.call("finish", answered), { code: "invalid_grant" }, "a challenge is used once");
  });

  test("a taken address is reported", async () => {
    const { client, passkeys } = setup;
    const offered = await client.call("signUp", GRACE);
    await client.call("finish", { session: offered.session, credential: passkeys.create(offered.options) });
    await assert.rejects(client.call("signUp", { ...GRACE, name: "Eve" }), { code: "user_exists" });
  });

  refusals(setup);
}

function pair(command) {
  const setup = new Setup(connecting(command), SECRETS.APP_SECRET);
  before(async () => {
    setup.upstream = await start("apifox");
    setup.ada = setup.upstream.addUser({ ...ADA, id: "bnUn" });
    await setup.upstream.enrol(setup.ada, setup.passkeys);
    await setup.open((front) => PAIR(front, setup.upstream.url), SECRETS);
  });
  after(() => setup.close());

  test("a user signs in with a passkey of the upstream", async () => {
    const signedIn = await setup.client.call("finish", await answer(setup));
    isSignedIn(signedIn, setup.front.issuer, ADA);
    assert.equal(signedIn.user.sub, setup.ada.id);
    assert.equal(setup.upstream.count("login.finish"), 1);
  });

  test("an operation missing upstream is reported", async () => {
    await assert.rejects(setup.client.call("signUp", GRACE), { code: "not_found" });
  });

  test("an upstream outage is reported", async () => {
    setup.upstream.next("login.begin", { status: 503, content: "be back soon" });
    await assert.rejects(setup.client.call("signIn"), { code: "server_error" });
  });

  refusals(setup);
}

function refusals(setup) {
  test("an unsigned assertion is refused", async () => {
    const { session, credential } = await answer(setup);
    const refused = setup.client.call("finish", { session, credential: forged(credential) });
    await assert.rejects(refused, { code: "invalid_grant" });
  });

  test("a wrong client secret is reported at every step", async () => {
    const answered = await answer(setup);
    const wrongClient = setup.start("not the app's secret");
    await assert.rejects(wrongClient.call("signIn"), { code: "invalid_client" });
    await assert.rejects(wrongClient.call("finish", answered), { code: "invalid_client" });
    await wrongClient.end();
  });
}

const connecting = (command) => (front, CLIENT_SECRET) => {
  return new Client(command, { DOMAIN: front.domain, CLIENT_ID: "app", CLIENT_SECRET, ...trusting(front) });
};

/** A sign-in up to the authenticator's response. */
async function answer({ client, passkeys }) {
  const { session, options } = await client.call("signIn");
  return { session, credential: passkeys.get(options) };
}

function isSignedIn({ user, accessToken, refreshToken, idToken, scope }, issuer, { email, name }) {
  assert.deepEqual({ email: user.email, name: user.name }, { email, name });
  assert.deepEqual(scope.split(" ").sort(), ["email", "offline_access", "openid", "profile"]);
  assert.ok(refreshToken);
  const { iss, aud, sub } = claims(idToken);
  assert.deepEqual({ iss, aud, sub }, { iss: issuer, aud: "app", sub: user.sub });
  assert.equal(claims(accessToken).sub, user.sub);
}
