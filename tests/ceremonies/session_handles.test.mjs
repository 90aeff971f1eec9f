// Session handles: created for a dialect that has them, stored for an upstream that has them, and refused
// with a challenge of another ceremony.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PROVIDERS } from "../upstreams/start.mjs";
import { Client } from "./client.mjs";
import { setUp } from "./setup.mjs";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Where each dialect that has a handle writes it. */
const HANDLE = {
  auth0: { of: ({ auth_session: handle }) => handle, put: (begun, handle) => ({ ...begun, auth_session: handle }) },
  apifox: {
    of: ({ data }) => data.session_id,
    put: (begun, handle) => ({ ...begun, data: { ...begun.data, session_id: handle } }),
  },
};

for (const dialect of Object.keys(HANDLE)) {
  const { of, put } = HANDLE[dialect];
  for (const upstream of [...PROVIDERS, "embedded"]) {
    test(`${dialect} before ${upstream}: the session handle of another ceremony is refused and used up`, async (t) => {
      const { client, ada, upstream: there } = await setUp(t, dialect, upstream);
      const [one, other] = [await client.ask("login.begin", ada), await client.ask("login.begin", ada)];
      assert.notEqual(of(one.content), of(other.content));
      const credential = ada.passkeys.get(client.read(one));
      const crossed = put(one.content, of(other.content));
      client.refused(await client.ask("login.finish", ada, { credential, begun: crossed }), "challenge_expired");
      client.refused(await client.ask("login.finish", ada, { credential, begun: one.content }), "challenge_expired");
      if (there) assert.equal(there.count("login.finish"), 0);
      const second = { credential: ada.passkeys.get(client.read(other)), begun: other.content };
      assert.ok(client.read(await client.ask("login.finish", ada, second)).access);
    });
  }
}

for (const upstream of ["quiva", "flashback", "streambird", "auth0", "embedded"]) {
  test(`apifox before ${upstream}: the session_id is a UUID v4 of the gateway's own`, async (t) => {
    const { client, ada } = await setUp(t, "apifox", upstream);
    const begins = await Promise.all([1, 2, 3].map(() => client.ask("login.begin", ada)));
    const handles = begins.map(({ content }) => HANDLE.apifox.of(content));
    for (const handle of handles) assert.match(handle, UUID_V4);
    assert.equal(new Set(handles).size, 3);
  });
}

for (const provider of Object.keys(HANDLE)) {
  test(`${provider} before ${provider}: the upstream's own handle is forwarded`, async (t) => {
    const { client, ada, upstream: there } = await setUp(t, provider, provider);
    const begun = await client.ask("login.begin", ada);
    assert.ok(there.ceremonies.has(HANDLE[provider].of(begun.content)));
  });
}

const CROSSED = [["quiva", "auth0"], ["streambird", "apifox"], ["auth0", "apifox"], ["apifox", "auth0"]];
for (const [dialect, upstream] of CROSSED) {
  test(`${dialect} before ${upstream}: the upstream gets its session handle back and the caller never sees it`, async (t) => {
    const { client, ada, upstream: there } = await setUp(t, dialect, upstream);
    const begun = await client.ask("login.begin", ada);
    const [handle] = there.ceremonies.keys();
    assert.ok(!JSON.stringify(begun.content).includes(handle));
    const credential = ada.passkeys.get(client.read(begun));
    client.read(await client.ask("login.finish", ada, { credential, begun: begun.content }));
    const { content } = there.last("login.finish");
    assert.equal(content.auth_session ?? content.session_id, handle);
  });
}

test("a challenge from one route is refused on another", async (t) => {
  const { client, gateway, ada } = await setUp(t, "quiva", "embedded");
  const begun = await client.ask("login.begin", ada);
  const credential = ada.passkeys.get(client.read(begun));
  const other = new Client("auth0", `${gateway.url}/signup`);
  const { content } = await other.ask("login.begin", ada);
  other.refused(await other.ask("login.finish", ada, { credential, begun: content }), "challenge_expired");
});
