// Users with other names at the upstream sign in and register, and are never confused with each other. During an
// outage of the map, callers get a fault that allows a retry.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Authenticator } from "./authenticator.mjs";
import { Directory } from "./directory.mjs";
import { ADA, BOB, pair } from "./pairs.mjs";
import { setUp } from "./setup.mjs";

/** By pair: the member by which the dialect names users. `set` and `fill` are the pair's own, without user names. */
const PAIRS = {
  "quiva streambird": "user.email",
  "quiva auth0": "user.email",
  "flashback streambird": "user.email",
  "streambird auth0": "user.id",
  "auth0 apifox": "user.email",
  "apifox auth0": "user.email",
};
/** Dialects whose login begins without a user. */
const NAMELESS = ["auth0", "apifox"];
const UNAVAILABLE = "The user cannot be looked up at the moment. Try again.";

/** The setup of a pair with other user names at the upstream, and the service that maps them. */
async function renamed(t, dialect, upstream) {
  const directory = await Directory.start();
  t.after(() => directory.close());
  const there = ({ id, email, name }) => ({ id: `${upstream}-${id}`, email: `${id}@${upstream}.example`, name });
  for (const person of [ADA, BOB]) directory.knows({ id: person.id, email: person.email }, there(person));
  const unnamed = (lines) => lines.filter((line) => !/^user\.(id|email) /.test(line));
  const { set, fill } = pair(dialect, upstream);
  const changes = { set: unnamed(set), fill: unnamed(fill), there, map: directory.toml(PAIRS[`${dialect} ${upstream}`]) };
  return { ...await setUp(t, dialect, upstream, changes), directory };
}

/** The names that exist only on the other side. */
const isTheirs = (upstream) => new RegExp(`${upstream}-(ada|bob)|@${upstream}\\.example`);

/** The user that a dialect's response names, in its own members or in the gateway's id token. */
function namedIn(client, answer) {
  const { id, idToken, access } = client.read(answer);
  const claims = [idToken, access].filter(Boolean).map((token) => {
    try {
      return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    } catch {
      return undefined;
    }
  });
  return id ?? claims.find((one) => one?.sub)?.sub;
}

for (const [dialect, upstream] of Object.keys(PAIRS).map((names) => names.split(" "))) {
  const name = `${dialect} before ${upstream}, mapped users`;

  test(`${name}: every user signs in as themselves`, async (t) => {
    const { client, ada, bob, upstream: there } = await renamed(t, dialect, upstream);
    for (const user of [ada, bob]) {
      const answer = await client.login(user, user.passkeys);
      const signedIn = client.read(answer);
      assert.ok(signedIn.access);
      assert.ok([undefined, user.id].includes(namedIn(client, answer)), JSON.stringify(answer.content));
      assert.ok([undefined, user.email].includes(signedIn.email));
      assert.doesNotMatch(JSON.stringify({ ...answer.content, ...tokensOf(answer) }), isTheirs(upstream));
    }
    assert.equal(there.count("login.finish"), 2);
    for (const { path, content } of there.requests) {
      const sent = JSON.stringify([path, content]);
      assert.ok(!sent.includes(ada.email) && !sent.includes(`"${ada.id}"`), `the caller's name was sent: ${sent}`);
    }
  });

  test(`${name}: no user signs in as another`, async (t) => {
    const { client, ada, bob } = await renamed(t, dialect, upstream);
    const begun = await client.ask("login.begin", ada);
    const credential = bob.passkeys.get({ ...client.read(begun), allowCredentials: undefined });
    const answer = await client.ask("login.finish", ada, { credential, begun: begun.content });
    if (!NAMELESS.includes(dialect)) return client.refused(answer, "assertion_rejected");
    assert.ok([undefined, bob.id].includes(namedIn(client, answer)), JSON.stringify(answer.content));
  });

  test(`${name}: an outage of the map refuses every sign-in`, async (t) => {
    const { client, ada, directory, upstream: there } = await renamed(t, dialect, upstream);
    directory.leaves();
    if (NAMELESS.includes(dialect)) {
      const begun = await client.ask("login.begin", ada);
      const credential = ada.passkeys.get(client.read(begun));
      unavailable(client, await client.ask("login.finish", ada, { credential, begun: begun.content }));
    } else {
      unavailable(client, await client.ask("login.begin", ada));
      assert.equal(there.requests.length, 0, "the upstream was not called");
    }
    directory.returns();
    assert.ok(client.read(await client.login(ada, ada.passkeys)).access);
  });
}

test("a new passkey is registered for the mapped user", async (t) => {
  const { client, ada, bob, upstream: there } = await renamed(t, "quiva", "streambird");
  const passkeys = new Authenticator();
  const { finished, credential } = await client.register(ada, passkeys);
  client.read(finished);
  assert.equal(there.last("registration.begin").content.user_id, ada.there.id);
  assert.ok(there.party.passkeysOf(ada.there).some(({ id }) => id === credential.id));
  assert.ok(client.read(await client.login(ada, passkeys)).access);

  const begun = await client.ask("registration.begin", ada);
  const another = new Authenticator().create(client.read(begun));
  const answer = await client.ask("registration.finish", bob, { credential: another, begun: begun.content });
  client.refused(answer, "assertion_rejected");
  assert.equal(there.party.passkeysOf(ada.there).length, 2);
  assert.equal(there.party.passkeysOf(bob.there).length, 1);
});

test("a registration finishes for the user of its begin even if the name was reassigned", async (t) => {
  const { client, ada, directory, upstream: there } = await renamed(t, "quiva", "streambird");
  const passkeys = new Authenticator();
  const begun = await client.ask("registration.begin", ada);
  const credential = passkeys.create(client.read(begun));
  directory.leaves();
  client.read(await client.ask("registration.finish", ada, { credential, begun: begun.content }));
  assert.ok(there.party.passkeysOf(ada.there).some(({ id }) => id === credential.id));
  unavailable(client, await client.ask("registration.begin", ada));
});

function unavailable(client, answer) {
  assert.ok(!answer.ok, JSON.stringify(answer.content));
  assert.equal(client.dialect.fault(answer).text, UNAVAILABLE);
}

/** The claims of a response's tokens that can be read. */
function tokensOf({ content }) {
  const texts = JSON.stringify(content).match(/[\w-]+\.[\w-]+\.[\w-]+/g) ?? [];
  return { tokens: texts.map((token) => Buffer.from(token.split(".")[1], "base64url").toString()) };
}
