// The processes for one pair: the upstream, passbridge in front of it, and Ada and Bob with a passkey each.

import assert from "node:assert/strict";
import { start } from "../upstreams/start.mjs";
import { Authenticator } from "./authenticator.mjs";
import { Callers } from "./callers.mjs";
import { Client } from "./client.mjs";
import { Gateway } from "./gateway.mjs";
import { ADA, BOB, config, pair } from "./pairs.mjs";

/**
 * @param {object} [changes] what differs from the pair's entry in `pairs.mjs`; `terms` go to the upstream, `map`
 *   is a table `[identity.users]`, and `there` maps a user to their names at the upstream; `watch` is
 *   `learn_keys` or `verify_against`: what an embedded relying party does with observed sign-ins
 * @returns `{ client, ada, bob, upstream, gateway }`, ended with the test; a user has `id`, `email`,
 *   `token`, `passkeys` and the other values that its dialect's clients send
 */
export async function setUp(t, dialect, upstream, changes = {}) {
  const setting = { ...pair(dialect, upstream), ...changes };
  const callers = new Callers(dialect, setting.same || upstream === "embedded");
  return upstream === "embedded" ? embedded(t, setting, callers) : imitated(t, setting, callers);
}

/** The same for managing passkeys: a config that makes every caller Ada accepts it explicitly. */
export function setUpForOne(t, dialect, upstream) {
  return setUp(t, dialect, upstream, pair(dialect, upstream).acceptingOneUser);
}

async function imitated(t, setting, callers) {
  const upstream = await start(setting.upstream, setting.terms);
  t.after(() => upstream.close());
  const ada = await enrolled(upstream, setting, callers, ADA);
  const bob = await enrolled(upstream, setting, callers, BOB);
  const { id: clientId, secret = "", key = "" } = upstream.credentials;
  const toml = config(setting, { url: upstream.url, clientId }, callers.toml());
  const gateway = await Gateway.start(toml, {
    ...callers.secrets(),
    UPSTREAM_KEY: key,
    UPSTREAM_SECRET: secret,
    ADA_AT_UPSTREAM: ada.there.token,
  });
  t.after(() => gateway.stop());
  return { setting, upstream, gateway, ada, bob, client: client(setting, gateway) };
}

/** A user with a passkey at the upstream from before the migration. */
async function enrolled(upstream, setting, callers, person) {
  const { same, handles, upstreamId, there: renamed = (one) => ({ ...one, id: upstreamId(one) }) } = setting;
  // With stored user handles, the upstream's handle is known only to the upstream.
  const chosen = handles ? { handle: Buffer.from(`${person.id} at the upstream`) } : {};
  const there = upstream.addUser({ ...renamed(person), ...chosen });
  const passkeys = new Authenticator();
  await upstream.enrol(there, passkeys);
  return { ...clientUser(callers, person), token: same ? there.token : callers.token(person), there, passkeys };
}

async function embedded(t, setting, callers) {
  const gateway = await Gateway.start(config(setting, {}, callers.toml()), callers.secrets());
  t.after(() => gateway.stop());
  const [ada, bob] = await Promise.all([ADA, BOB].map((person) => signedUp(gateway, callers, person)));
  return { setting, gateway, ada, bob, client: client(setting, gateway) };
}

/** A user who signed up with a first passkey, on the route for signups. */
async function signedUp(gateway, callers, person) {
  const signup = new Client("auth0", `${gateway.url}/signup`);
  const passkeys = new Authenticator();
  const { finished } = await signup.register(clientUser(callers, person), passkeys, "signup");
  const { access, idToken } = signup.read(finished);
  const { sub } = JSON.parse(Buffer.from(idToken.split(".")[1], "base64url"));
  assert.ok(sub);
  return { ...clientUser(callers, person), id: sub, token: access, passkeys };
}

function clientUser({ key, client }, person) {
  return { ...person, key, client };
}

function client({ dialect, tolerates }, { url }) {
  return new Client(dialect, url + (dialect === "apifox" ? "/api/v4" : ""), { tolerates });
}
