// What every Auth0 client without a browser is tried with: it signs somebody up and in, and tells what
// went wrong by the dialect's own codes.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Client } from "./client.mjs";
import { Front, trusting } from "./front.mjs";
import { Gateway } from "./gateway.mjs";
import { forged, Passkeys } from "./passkeys.mjs";
import { claims } from "./people.mjs";

const SECRETS = { APP_SECRET: "the app's own secret" };

const embedded = (issuer, origin) => `
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["${origin}"]
issuer   = "${issuer}"
database = "passbridge.db"

[routes.app]
dialect  = "auth0"
upstream = "own"
[routes.app.callers]
client = { app = "env:APP_SECRET" }
user   = "upstream"
[routes.app.set]
client.id = "app"
`;

/** @param {string[]} command how the client is started */
export function againstTheEmbeddedParty(command) {
  suite("against the embedded relying party", () => {
    const ADA = { email: "ada@example.com", name: "Ada" };
    const origin = "https://app.localhost";
    const passkeys = new Passkeys(origin);
    let front, gateway, client;

    const start = (CLIENT_SECRET) => {
      const environment = { DOMAIN: front.domain, CLIENT_ID: "app", CLIENT_SECRET };
      return new Client(command, { ...environment, ...trusting(front) });
    };

    before(async () => {
      front = await Front.listen();
      gateway = await Gateway.start(embedded(front.issuer, origin), SECRETS);
      front.serve(gateway);
      client = start(SECRETS.APP_SECRET);
    });

    after(async () => {
      await client?.end();
      await front?.close();
      await gateway?.stop();
    });

    test("somebody signs up, then in, and is the same", async () => {
      const offered = await client.call("signUp", ADA);
      assert.equal(offered.options.rp.id, "localhost");
      const credential = passkeys.create(offered.options);
      const signedUp = await client.call("finish", { session: offered.session, credential });
      isSignedIn(signedUp, front.issuer, ADA);

      const asked = await client.call("signIn");
      const answered = { session: asked.session, credential: passkeys.get(asked.options) };
      const signedIn = await client.call("finish", answered);
      isSignedIn(signedIn, front.issuer, ADA);
      assert.equal(signedIn.user.sub, signedUp.user.sub);
      assert.notEqual(signedIn.accessToken, signedUp.accessToken);

      await assert.rejects(client.call("finish", answered), { code: "invalid_grant" }, "a challenge is used once");
    });

    test("an address that is taken is told as such", async () => {
      const offered = await client.call("signUp", { email: "grace@example.com", name: "Grace" });
      const credential = passkeys.create(offered.options);
      await client.call("finish", { session: offered.session, credential });
      await assert.rejects(client.call("signUp", { email: "grace@example.com", name: "Eve" }), { code: "user_exists" });
    });

    test("an answer that nobody signed is refused", async () => {
      const asked = await client.call("signIn");
      const credential = forged(passkeys.get(asked.options));
      await assert.rejects(client.call("finish", { session: asked.session, credential }), { code: "invalid_grant" });
    });

    test("a client with a wrong secret learns so from every step", async () => {
      const asked = await client.call("signIn");
      const answered = { session: asked.session, credential: passkeys.get(asked.options) };
      const stranger = start("not the app's secret");
      await assert.rejects(stranger.call("signUp", ADA), { code: "invalid_client" });
      await assert.rejects(stranger.call("signIn"), { code: "invalid_client" });
      await assert.rejects(stranger.call("finish", answered), { code: "invalid_client" });
      await stranger.end();
    });
  });
}

function isSignedIn({ user, accessToken, refreshToken, idToken, scope }, issuer, { email, name }) {
  assert.deepEqual({ email: user.email, name: user.name }, { email, name });
  assert.deepEqual(scope.split(" ").sort(), ["email", "offline_access", "openid", "profile"]);
  assert.ok(refreshToken);
  const { iss, aud, sub } = claims(idToken);
  assert.deepEqual({ iss, aud, sub }, { iss: issuer, aud: "app", sub: user.sub });
  assert.equal(claims(accessToken).sub, user.sub);
}
