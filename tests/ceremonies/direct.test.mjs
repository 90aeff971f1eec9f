// Each dialect's client connected directly to its own imitated provider. A case that passes here and fails through
// passbridge is a fault of passbridge.

import assert from "node:assert/strict";
import { test } from "node:test";
import { documents } from "../upstreams/contract.mjs";
import { PROVIDERS, start } from "../upstreams/start.mjs";
import { Authenticator } from "./authenticator.mjs";
import { Client } from "./client.mjs";
import { ADA, BOB } from "./pairs.mjs";

for (const provider of PROVIDERS) {
  test(`${provider}'s client works with the imitated ${provider}`, async (t) => {
    const upstream = await start(provider);
    t.after(() => upstream.close());
    const client = new Client(provider, upstream.url);
    const there = upstream.addUser(ADA);
    const ada = { ...ADA, token: there.token, key: upstream.credentials.key, client: upstream.credentials };
    const passkeys = new Authenticator();

    const { finished, credential } = await client.register(ada, passkeys);
    client.read(finished);
    assert.equal(upstream.party.passkeysOf(there).length, 1);
    assert.ok(client.read(await client.login(ada, passkeys)).access);
    if (documents(provider, "credentials.list")) {
      assert.equal(client.read(await client.ask("credentials.list", ada)).length, 1);
    }
    const registered = finished.content.data ?? finished.content;
    const deleted = await client.ask("credentials.delete", ada, { credential, registered });
    assert.ok(deleted.ok);
    assert.equal(upstream.party.passkeysOf(there).length, 0);
    if (documents(provider, "signup.begin")) {
      const { finished } = await client.register({ ...ada, ...BOB }, new Authenticator(), "signup");
      assert.ok(client.read(finished).access);
    }
  });
}
