// One pair, every operation that both sides document.

import assert from "node:assert/strict";
import { test } from "node:test";
import { base64url } from "../upstreams/bytes.mjs";
import { PROVIDERS } from "../upstreams/start.mjs";
import { Authenticator } from "./authenticator.mjs";
import { pair } from "./pairs.mjs";
import { setUp, setUpForOne } from "./setup.mjs";

/** The tests of one dialect: each upstream in turn. */
export function everyOperation(dialect) {
  for (const upstream of [...PROVIDERS, "embedded"]) {
    const { can } = pair(dialect, upstream);
    const name = `${dialect} before ${upstream}`;
    test(`${name}: 'check' accepts the config`, (t) => checked(t, dialect, upstream));
    test(`${name}: login with a passkey from before the migration`, (t) => login(t, dialect, upstream));
    if (can("registration.begin")) {
      test(`${name}: register, log in with it, list, delete`, (t) => lifetime(t, dialect, upstream));
    }
    if (can("signup.begin")) test(`${name}: sign up, log in`, (t) => signup(t, dialect, upstream));
    test(`${name}: unsupported operations are not enabled`, (t) => rest(t, dialect, upstream));
  }
}

async function checked(t, dialect, upstream) {
  const { gateway } = await setUp(t, dialect, upstream);
  const { code, stdout, stderr } = await gateway.check();
  assert.equal(code, 0, stdout + stderr);
}

async function login(t, dialect, upstream) {
  const { client, ada, bob, upstream: there, setting } = await setUp(t, dialect, upstream);
  for (const user of setting.alone ? [ada] : [ada, bob]) {
    const signedIn = client.read(await client.login(user, user.passkeys));
    assert.ok(signedIn.access);
    if ("id" in signedIn) assert.equal(signedIn.id, user.id);
    if (signedIn.email !== undefined) assert.equal(signedIn.email, user.email);
  }
  if (there) assert.equal(there.count("login.finish"), setting.alone ? 1 : 2);
}

async function lifetime(t, dialect, upstream) {
  const { can } = pair(dialect, upstream);
  const { client, ada, upstream: there } = await setUpForOne(t, dialect, upstream);
  const kept = () => there?.party.passkeysOf(ada.there).map(({ id }) => id);
  const passkeys = new Authenticator();
  const { finished, credential } = await client.register(ada, passkeys);
  client.read(finished);
  assert.ok(kept()?.includes(credential.id) ?? true, "the new passkey lives at the upstream");
  assert.ok(client.read(await client.login(ada, passkeys)).access);

  const listed = async () => client.read(await client.ask("credentials.list", ada)).map(({ id }) => id);
  const lists = can("credentials.list");
  if (lists) assert.ok((await listed()).includes(credential.id));
  if (!can("credentials.delete")) return;
  const registered = finished.content.data ?? finished.content;
  const deleted = await client.ask("credentials.delete", ada, { credential, registered });
  assert.ok(deleted.ok, JSON.stringify(deleted));
  assert.ok(!kept()?.includes(credential.id), "the passkey is gone at the upstream");
  if (lists) assert.ok(!(await listed()).includes(credential.id));
  if (dialect !== "flashback") await cannotLogIn(client, ada, passkeys, credential);
}

/** An assertion by the deleted passkey is refused, with any options from the begin. */
async function cannotLogIn(client, ada, passkeys, { id }) {
  const begun = await client.ask("login.begin", ada);
  const options = { ...client.read(begun), allowCredentials: [{ type: "public-key", id }] };
  const credential = passkeys.get(options);
  client.refused(await client.ask("login.finish", ada, { credential, begun: begun.content }), "assertion_rejected");
}

async function signup(t, dialect, upstream) {
  const { client, ada } = await setUp(t, dialect, upstream);
  const carol = { ...ada, email: "carol@example.com", name: "Carol" };
  const passkeys = new Authenticator();
  const { finished } = await client.register(carol, passkeys, "signup");
  assert.ok(client.read(finished).access);
  assert.ok(client.read(await client.login(carol, passkeys)).access);
}

async function rest(t, dialect, upstream) {
  const { does } = pair(dialect, upstream);
  const { client, ada, upstream: there } = await setUp(t, dialect, upstream);
  for (const [operation, request] of Object.entries(client.dialect.requests)) {
    if (does(operation) || operation.endsWith(".finish")) continue;
    const credential = { id: base64url("a passkey") };
    const registered = { id: "a passkey", webauthn_credential_id: "a passkey" };
    const answer = await client.send(operation, request(ada, { credential, registered }));
    client.refused(answer, "not_enabled");
    assert.equal(there?.count(operation) ?? 0, 0);
  }
}
