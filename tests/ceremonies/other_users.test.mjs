// No user can finish another user's ceremony: not with their own passkey, not under another name, and not by
// substituting their own registration. This also holds where the upstream's begin names no user.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PROVIDERS } from "../upstreams/start.mjs";
import { Authenticator } from "./authenticator.mjs";
import { TEXTS } from "./client.mjs";
import { pair } from "./pairs.mjs";
import { setUp, setUpForOne } from "./setup.mjs";

/** Dialects whose login begins without a user: the user of the passkey signs in. */
const NAMELESS = ["auth0", "apifox"];
const PAIRS = PROVIDERS.flatMap((dialect) => [...PROVIDERS, "embedded"].map((upstream) => [dialect, upstream]));

/** Begins as one user and signs with another user's passkey, regardless of the listed credentials. */
async function signedByAnother(client, beginner, signer, finisher = beginner) {
  const begun = await client.ask("login.begin", beginner);
  const options = { ...client.read(begun), allowCredentials: undefined };
  const credential = signer.passkeys.get(options);
  return client.ask("login.finish", finisher, { credential, begun: begun.content });
}

for (const [dialect, upstream] of PAIRS.filter(([dialect]) => !NAMELESS.includes(dialect))) {
  test(`${dialect} before ${upstream}: Bob's passkey does not finish Ada's login`, async (t) => {
    const { client, ada, bob } = await setUp(t, dialect, upstream);
    client.refused(await signedByAnother(client, ada, bob), "assertion_rejected");
  });

  if (pair(dialect, upstream).relax.includes("subject")) {
    test(`${dialect} before ${upstream}: an unproved user needs 'relax'`, async (t) => {
      const started = setUp(t, dialect, upstream, { relax: [] });
      await assert.rejects(started, /ended with 78:[^]*relax = \["subject"\]/);
    });
  } else {
    test(`${dialect} before ${upstream}: Ada's passkey does not sign Bob in`, async (t) => {
      const { client, ada, bob } = await setUp(t, dialect, upstream);
      client.refused(await signedByAnother(client, bob, ada), "assertion_rejected");
    });
  }
}

for (const [dialect, upstream] of PAIRS.filter(([dialect]) => NAMELESS.includes(dialect))) {
  const { alone } = pair(dialect, upstream);
  test(`${dialect} before ${upstream}: Bob's passkey signs ${alone ? "no user" : "Bob"} in`, async (t) => {
    const { client, ada, bob, upstream: there } = await setUp(t, dialect, upstream);
    const answer = await signedByAnother(client, ada, bob);
    if (alone) return client.refused(answer, "assertion_rejected");
    assert.equal(signedInAs(client, answer, there), bob.id);
  });
}

for (const upstream of ["auth0", "apifox"]) {
  for (const dialect of ["quiva", "flashback", "streambird"]) {
    test(`${dialect} before ${upstream}: a response without a proved user is refused`, async (t) => {
      // Without `openid` among the scopes there is no id token, and Auth0's response names no user.
      const { general } = pair(dialect, upstream);
      const changes = { general: general.filter((line) => !line.startsWith("scope")) };
      const { client, ada, bob } = await setUp(t, dialect, upstream, changes);
      client.refused(await signedByAnother(client, ada, bob), "assertion_rejected");
    });
  }
}

for (const upstream of ["quiva", "flashback", "streambird", "auth0", "apifox", "embedded"]) {
  test(`quiva before ${upstream}: a finish with another address than the begin's is refused`, async (t) => {
    const { client, ada, bob } = await setUp(t, "quiva", upstream);
    refusedEither(client, await signedByAnother(client, ada, ada, bob));
  });

  test(`flashback before ${upstream}: a bearer other than the begin's is refused`, async (t) => {
    const { client, ada, bob } = await setUp(t, "flashback", upstream);
    refusedEither(client, await signedByAnother(client, ada, ada, bob));
  });
}

for (const [dialect, upstream] of PAIRS) {
  if (!pair(dialect, upstream).can("registration.begin")) continue;
  test(`${dialect} before ${upstream}: Bob does not finish Ada's registration`, async (t) => {
    const { client, ada, bob, upstream: there } = await setUpForOne(t, dialect, upstream);
    const begun = await client.ask("registration.begin", ada);
    const credential = new Authenticator().create(client.read(begun));
    const answer = await client.ask("registration.finish", bob, { credential, begun: begun.content });
    assert.ok(!answer.ok, JSON.stringify(answer.content));
    if (there) assert.equal(there.party.passkeysOf(ada.there).length, 1);
  });

  test(`${dialect} before ${upstream}: Bob's registration never becomes a passkey of Ada`, async (t) => {
    const { client, ada, bob, setting, upstream: there } = await setUp(t, dialect, upstream);
    const passkeys = new Authenticator();
    const begun = await client.ask("registration.begin", bob);
    if (setting.oneUser) return client.refused(begun, "not_enabled");
    const credential = passkeys.create(client.read(begun));
    await client.ask("registration.finish", bob, { credential, begun: begun.content });
    if (there) assert.equal(there.party.passkeysOf(ada.there).length, 1, "Ada has the one she had");
    const answer = await signedByAnother(client, ada, { passkeys });
    if (NAMELESS.includes(dialect)) assert.equal(signedInAs(client, answer, there), bob.id);
    else client.refused(answer, "assertion_rejected");
  });
}

for (const [dialect, upstream] of PAIRS.filter(([dialect]) => ["quiva", "auth0", "apifox"].includes(dialect))) {
  const { can, acceptingOneUser } = pair(dialect, upstream);
  // If the config makes all callers one user, Bob acts as Ada.
  if (!can("registration.begin") || !can("credentials.delete") || acceptingOneUser.relax) continue;
  test(`${dialect} before ${upstream}: Bob does not delete Ada's passkey`, async (t) => {
    const { client, ada, bob } = await setUp(t, dialect, upstream);
    const passkeys = new Authenticator();
    const { finished, credential } = await client.register(ada, passkeys);
    const registered = finished.content.data ?? finished.content;
    assert.ok(!(await client.ask("credentials.delete", bob, { credential, registered })).ok);
    assert.ok(client.read(await client.login(ada, passkeys)).access, "it still signs in");
  });
}

/** The user does not match the challenge; a dialect may report either fault. */
function refusedEither(client, answer) {
  const { text } = answer.ok ? {} : client.dialect.fault(answer);
  client.refused(answer, text === TEXTS.challenge_expired ? "challenge_expired" : "assertion_rejected");
}

/** The user that a dialect's response names, or its id token, or the upstream's own token. */
function signedInAs(client, answer, there) {
  const { id, access, idToken } = client.read(answer);
  const claims = idToken && JSON.parse(Buffer.from(idToken.split(".")[1], "base64url"));
  return id ?? claims?.sub ?? there.party.byToken(access).id;
}
