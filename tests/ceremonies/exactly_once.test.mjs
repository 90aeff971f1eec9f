// A finish reaches the upstream once, even if many callers send it or the upstream fails.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PROVIDERS } from "../upstreams/start.mjs";
import { Authenticator } from "./authenticator.mjs";
import { setUp } from "./setup.mjs";

const FIFTY = Array.from({ length: 50 });

for (const dialect of PROVIDERS) {
  for (const upstream of [...PROVIDERS, "embedded"]) {
    test(`${dialect} before ${upstream}: fifty finishes of one assertion sign in once`, async (t) => {
      const { client, ada, upstream: there } = await setUp(t, dialect, upstream);
      const begun = await client.ask("login.begin", ada);
      const given = { credential: ada.passkeys.get(client.read(begun)), begun: begun.content };
      const answers = await Promise.all(FIFTY.map(() => client.ask("login.finish", ada, given)));
      const [signedIn, ...others] = answers.toSorted((one, other) => Number(other.ok) - Number(one.ok));
      assert.ok(client.read(signedIn).access);
      for (const answer of others) client.refused(answer, "challenge_expired");
      if (there) assert.equal(there.count("login.finish"), 1);
    });
  }
}

for (const dialect of PROVIDERS) {
  test(`${dialect} before ${dialect}: fifty finishes of one registration create one passkey`, async (t) => {
    const { client, ada, upstream: there } = await setUp(t, dialect, dialect);
    const begun = await client.ask("registration.begin", ada);
    const given = { credential: new Authenticator().create(client.read(begun)), begun: begun.content };
    const answers = await Promise.all(FIFTY.map(() => client.ask("registration.finish", ada, given)));
    const [registered, ...others] = answers.toSorted((one, other) => Number(other.ok) - Number(one.ok));
    client.read(registered);
    for (const answer of others) client.refused(answer, "challenge_expired");
    assert.equal(there.count("registration.finish"), 1);
    assert.equal(there.party.passkeysOf(ada.there).length, 2);
  });

  test(`${dialect} before ${dialect}: a finish with a broken connection is not sent again`, async (t) => {
    const { client, ada, upstream: there } = await setUp(t, dialect, dialect);
    there.next("login.finish", "hang up");
    await failsForGood(client, ada, there);
  });

  test(`${dialect} before ${dialect}: a finish refused by a busy upstream is not sent again`, async (t) => {
    const { client, ada, upstream: there } = await setUp(t, dialect, dialect);
    there.next("login.finish", { status: 503, content: {}, fields: { "retry-after": "0" } });
    await failsForGood(client, ada, there);
  });
}

/** The next finish fails at the upstream: it was called once, and the caller must begin again. */
async function failsForGood(client, ada, there) {
  const begun = await client.ask("login.begin", ada);
  const given = { credential: ada.passkeys.get(client.read(begun)), begun: begun.content };
  assert.ok(!(await client.ask("login.finish", ada, given)).ok);
  assert.equal(there.count("login.finish"), 1);
  client.refused(await client.ask("login.finish", ada, given), "challenge_expired");
  assert.equal(there.count("login.finish"), 1);
  assert.ok(client.read(await client.login(ada, ada.passkeys)).access);
}
