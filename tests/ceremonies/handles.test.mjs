// Stored user handles: a passkey keeps its original handle, and each side gets its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { creationOptions } from "../upstreams/upstream.mjs";
import { base64url, bytes } from "../upstreams/bytes.mjs";
import { Authenticator } from "./authenticator.mjs";
import { pair } from "./pairs.mjs";
import { setUp } from "./setup.mjs";

const BRIDGE = { handles: "handles.db" };
const OLD = "ada, as the old provider had her";

/** A pair with stored user handles, where every caller may manage passkeys. */
function bridged(t, dialect, upstream) {
  return setUp(t, dialect, upstream, { ...pair(dialect, upstream).acceptingOneUser, ...BRIDGE });
}

/** A passkey that was registered at another provider and imported by the upstream. */
async function takenOver({ upstream }, { there }, handle = OLD) {
  const passkeys = new Authenticator();
  const ceremony = upstream.party.begin(there);
  const options = creationOptions(upstream.party, ceremony);
  const credential = passkeys.create({ ...options, user: { ...options.user, id: base64url(handle) } });
  await upstream.party.register(ceremony, credential, upstream.dialect.handle?.(), "taken over");
  const line = {
    credential_id: credential.id,
    upstream_handle: there.handle.toString("base64url"),
    caller_handle: base64url(handle),
    rp_id: "localhost",
  };
  return { passkeys, credential, line };
}

async function imported(gateway, ...lines) {
  const { code, stderr } = await gateway.importHandles(lines);
  assert.equal(code, 0, stderr);
}

/** Begins a login, signs it, and changes the response with `change`. */
async function signed(client, user, passkeys, change = (response) => response) {
  const begun = await client.ask("login.begin", user);
  const credential = passkeys.get({ ...client.read(begun), allowCredentials: undefined });
  return { credential: { ...credential, response: change(credential.response) }, begun: begun.content };
}

/** The `userHandle` sent to the upstream, in the member of its dialect. */
function sentUserHandle({ upstream }) {
  const { content } = upstream.last("login.finish");
  const found = JSON.stringify(content).replaceAll("\\", "").match(/"userHandle":"([^"]*)"/);
  return bytes(found[1]).toString();
}

for (const [dialect, upstream] of [["quiva", "streambird"], ["streambird", "quiva"], ["apifox", "apifox"]]) {
  test(`${dialect} before ${upstream}: an imported passkey signs in with its own handle`, async (t) => {
    const all = await bridged(t, dialect, upstream);
    const { client, gateway, ada } = all;
    const { passkeys, line } = await takenOver(all, ada);
    const before = await signed(client, ada, passkeys);
    client.refused(await client.ask("login.finish", ada, before), "assertion_rejected");
    await imported(gateway, line);
    assert.ok(client.read(await client.ask("login.finish", ada, await signed(client, ada, passkeys))).access);
    assert.equal(sentUserHandle(all), "ada at the upstream");
    // A passkey created at the upstream is not in the file, and its handle is sent unchanged.
    assert.ok(client.read(await client.login(ada, ada.passkeys)).access);
    assert.equal(sentUserHandle(all), "ada at the upstream");
  });
}

test("a mismatched user handle is refused without an upstream call", async (t) => {
  const all = await bridged(t, "quiva", "streambird");
  const { client, gateway, ada, bob, upstream } = all;
  const { passkeys, line } = await takenOver(all, ada);
  await imported(gateway, line);
  for (const handle of [bob.there.handle, ada.there.handle, Buffer.from(`${OLD}!`)]) {
    const given = await signed(client, ada, passkeys, (one) => ({ ...one, userHandle: base64url(handle) }));
    client.refused(await client.ask("login.finish", ada, given), "assertion_rejected");
  }
  assert.equal(upstream.count("login.finish"), 0);
  assert.match(gateway.log, /user handle is not the one the passkey was created with/);
  // An authenticator may return none.
  const silent = await signed(client, ada, passkeys, ({ userHandle, ...rest }) => rest);
  assert.ok(client.read(await client.ask("login.finish", ada, silent)).access);
  assert.equal(sentUserHandle(all), "ada at the upstream");
});

for (const [dialect, upstream] of [["quiva", "auth0"], ["streambird", "quiva"], ["apifox", "auth0"]]) {
  test(`${dialect} before ${upstream}: a new passkey has the old one's handle and does not replace it`, async (t) => {
    const all = await bridged(t, dialect, upstream);
    const { client, gateway, ada } = all;
    const { passkeys, credential, line } = await takenOver(all, ada);
    await imported(gateway, line);
    const options = client.read(await client.ask("registration.begin", ada));
    assert.equal(bytes(options.user.id).toString(), OLD);
    const excluded = options.excludeCredentials.map(({ id }) => id);
    assert.ok(excluded.includes(credential.id), "the old passkey must not be made again");
    assert.equal(new Set(excluded).size, excluded.length, "and none is listed twice");
    assert.throws(() => passkeys.create(options), "its authenticator refuses");

    const another = new Authenticator();
    const { finished, credential: made } = await client.register(ada, another);
    client.read(finished);
    const signedIn = await signed(client, ada, another);
    assert.equal(bytes(signedIn.credential.response.userHandle).toString(), OLD);
    assert.ok(client.read(await client.ask("login.finish", ada, signedIn)).access);
    const again = client.read(await client.ask("registration.begin", ada));
    assert.ok(again.excludeCredentials.some(({ id }) => id === made.id));
  });
}

test("a user handle is never given to another user", async (t) => {
  const all = await bridged(t, "quiva", "streambird");
  const { client, gateway, ada, bob } = all;
  const { line } = await takenOver(all, ada, "bob at the upstream");
  await imported(gateway, line);
  const given = bytes(client.read(await client.ask("registration.begin", bob)).user.id).toString("base64url");
  assert.notEqual(given, base64url("bob at the upstream"));
  const passkeys = new Authenticator();
  client.read((await client.register(bob, passkeys)).finished);
  assert.ok(client.read(await client.login(bob, passkeys)).access);
  assert.equal(sentUserHandle(all), "bob at the upstream");
});

for (const [dialect, upstream] of [["flashback", "streambird"], ["quiva", "auth0"], ["flashback", "apifox"]]) {
  test(`${dialect} before ${upstream}: a passkey whose finish got no response signs in later`, async (t) => {
    const all = await bridged(t, dialect, upstream);
    const { client, ada, upstream: there } = all;
    const { line } = await takenOver(all, ada);
    if (dialect === "quiva") await imported(all.gateway, line);
    const passkeys = new Authenticator();
    there.next("registration.finish", "drop the response");
    const { finished, credential } = await client.register(ada, passkeys);
    assert.ok(!finished.ok);
    const excluded = async () => {
      const { excludeCredentials = [] } = client.read(await client.ask("registration.begin", ada));
      return excludeCredentials.some(({ id }) => id === credential.id);
    };
    // The passkey is unconfirmed, so it is not an excluded credential.
    if (dialect === "quiva") assert.ok(!await excluded());
    for (const time of ["first", "second"]) {
      assert.ok(client.read(await client.ask("login.finish", ada, await signed(client, ada, passkeys))).access, time);
      assert.equal(sentUserHandle(all), "ada at the upstream");
    }
    if (dialect === "quiva") assert.ok(await excluded());
  });
}

test("a passkey refused upstream is not stored", async (t) => {
  const { client, ada, upstream: there } = await bridged(t, "flashback", "streambird");
  const passkeys = new Authenticator();
  const begun = await client.ask("registration.begin", ada);
  const credential = passkeys.create(client.read(begun));
  const refusal = { error_type: "webauthn_verification_failed", error_message: "No.", status_code: 400 };
  there.next("registration.finish", { status: 400, content: refusal });
  client.refused(await client.ask("registration.finish", ada, { credential, begun: begun.content }), "assertion_rejected");
  // A remaining row would make the gateway send another handle to the upstream.
  const given = await signed(client, ada, passkeys);
  assert.ok(!(await client.ask("login.finish", ada, given)).ok);
  assert.equal(bytes(there.last("login.finish").content.public_key_credential.response.userHandle).toString(), "ada");
});

/** The same credential with another credential's id, also in the attested data: attestation `none` has no signature. */
function underTheIdOf(credential, other) {
  const attested = Buffer.from(credential.response.attestationObject, "base64url");
  const at = attested.indexOf(bytes(credential.id));
  bytes(other.id).copy(attested, at);
  const response = { ...credential.response, attestationObject: attested.toString("base64url") };
  return { ...credential, id: other.id, rawId: other.id, response };
}

async function finishedAs(client, user, change) {
  const begun = await client.ask("registration.begin", user);
  const credential = change(new Authenticator().create(client.read(begun)));
  return client.ask("registration.finish", user, { credential, begun: begun.content });
}

test("a second user with the same credential id is refused and the first is unchanged", async (t) => {
  const all = await bridged(t, "flashback", "streambird");
  const { client, ada, bob, upstream } = all;
  const passkeys = new Authenticator();
  const { finished, credential } = await client.register(ada, passkeys);
  client.read(finished);
  const answer = await finishedAs(client, bob, (one) => underTheIdOf(one, credential));
  assert.equal(answer.status, 409, JSON.stringify(answer.content));
  assert.equal(upstream.count("registration.finish"), 1);
  assert.ok(client.read(await client.login(ada, passkeys)).access);
  assert.equal(sentUserHandle(all), "ada at the upstream");
});

test("a credential id that differs from the attested one is refused", async (t) => {
  const all = await bridged(t, "flashback", "streambird");
  const { client, ada, bob, upstream } = all;
  const [enrolled] = upstream.party.passkeysOf(ada.there);
  const answer = await finishedAs(client, bob, (one) => ({ ...one, id: enrolled.id, rawId: enrolled.id }));
  client.refused(answer, "assertion_rejected");
  assert.equal(upstream.count("registration.finish"), 0);
});

test("an unanswered claim to another user's passkey does not lock its owner out", async (t) => {
  const all = await bridged(t, "flashback", "streambird");
  const { client, ada, bob, upstream } = all;
  const [enrolled] = upstream.party.passkeysOf(ada.there);
  upstream.next("registration.finish", "hang up");
  const answer = await finishedAs(client, bob, (one) => underTheIdOf(one, enrolled));
  assert.ok(!answer.ok);
  assert.equal(upstream.count("registration.finish"), 1);
  assert.ok(client.read(await client.login(ada, ada.passkeys)).access);
  assert.equal(sentUserHandle(all), "ada at the upstream");
});

for (const [dialect, upstream] of [["quiva", "embedded"], ["streambird", "streambird"], ["apifox", "apifox"]]) {
  test(`${dialect} before ${upstream}: a deleted passkey can be created again`, async (t) => {
    const { client, ada } = await bridged(t, dialect, upstream);
    const passkeys = new Authenticator();
    const { finished, credential } = await client.register(ada, passkeys);
    client.read(finished);
    const isExcluded = async () => {
      const { excludeCredentials } = client.read(await client.ask("registration.begin", ada));
      return excludeCredentials.some(({ id }) => id === credential.id);
    };
    assert.ok(await isExcluded());
    const registered = finished.content.data ?? finished.content;
    const deleted = await client.ask("credentials.delete", ada, { credential, registered });
    assert.ok(deleted.ok, JSON.stringify(deleted));
    assert.ok(!await isExcluded());
  });
}

for (const upstream of ["quiva", "auth0"]) {
  test(`flashback before ${upstream}: 'check' reports that no passkey can be excluded`, async (t) => {
    const { gateway } = await bridged(t, "flashback", upstream);
    const { stdout } = await gateway.check("--verbose");
    assert.match(stdout, /user handles in `handles\.db`/);
    assert.match(stdout, /response member `exclude_credentials` is lost in `registration\.begin`/);
  });
}

for (const upstream of ["quiva", "streambird", "auth0", "apifox", "embedded"]) {
  test(`flashback before ${upstream}: without stored user handles no unusable passkey is created`, async (t) => {
    const changes = { ...pair("flashback", upstream).acceptingOneUser, handles: undefined };
    const { client, ada, gateway } = await setUp(t, "flashback", upstream, changes);
    client.refused(await client.ask("registration.begin", ada), "not_enabled");
    const { stdout, stderr } = await gateway.check("--verbose");
    assert.match(stdout + stderr, /`registration\.begin`.* not supported: .*flashback responses cannot carry the user handle/);
  });
}

test("signup with stored user handles", async (t) => {
  const { client, ada } = await bridged(t, "auth0", "embedded");
  const carol = { ...ada, email: "carol@example.com", name: "Carol" };
  const passkeys = new Authenticator();
  client.read((await client.register(carol, passkeys, "signup")).finished);
  assert.ok(client.read(await client.login(carol, passkeys)).access);
});

test("with hidden enumeration, a mismatched handle is refused by an upstream call", async (t) => {
  // The callers' key is a secret like any other.
  const route = 'enumeration = "hidden"\n[gateway]\nhash_key = "env:CALLER_JWT_KEY"';
  const all = await setUp(t, "quiva", "streambird", { ...BRIDGE, route });
  const { client, gateway, ada, upstream } = all;
  const { passkeys, line } = await takenOver(all, ada);
  await imported(gateway, line);
  // The upstream itself would accept the handle.
  const given = await signed(client, ada, passkeys, (one) => ({ ...one, userHandle: base64url(ada.there.handle) }));
  client.refused(await client.ask("login.finish", ada, given), "assertion_rejected");
  assert.equal(upstream.count("login.finish"), 1);
  assert.ok(client.read(await client.ask("login.finish", ada, await signed(client, ada, passkeys))).access);
});

test("user handle outcomes are counted", async (t) => {
  const all = await bridged(t, "quiva", "streambird");
  const { client, gateway, ada } = all;
  const { passkeys, line } = await takenOver(all, ada);
  await imported(gateway, line);
  client.read(await client.login(ada, ada.passkeys));
  client.read(await client.ask("login.finish", ada, await signed(client, ada, passkeys)));
  const poisoned = await signed(client, ada, passkeys, (one) => ({ ...one, userHandle: base64url("x") }));
  assert.ok(!(await client.ask("login.finish", ada, poisoned)).ok);
  client.read((await client.register(ada, new Authenticator())).finished);
  const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
  for (const outcome of ["as_it_came", "mapped", "refused", "registered"]) {
    assert.ok(metrics.includes(`passbridge_user_handles_total{upstream="there",outcome="${outcome}"} 1\n`), metrics);
  }
});
