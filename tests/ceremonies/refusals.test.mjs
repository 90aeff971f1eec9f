// WebAuthn's negative cases (Level 3, 7.1 and 7.2): the embedded relying party refuses each, and the
// caller gets the dialect's fault. Afterwards the same passkey signs in with a valid assertion.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { base64url, bytes } from "../upstreams/bytes.mjs";
import { PROVIDERS } from "../upstreams/start.mjs";
import { Authenticator } from "./authenticator.mjs";
import { pair } from "./pairs.mjs";
import { setUp } from "./setup.mjs";

const REQUIRED = { party: 'user_verification = "required"' };
const UV = 0x04;
const FLAGS = 32;

const unverified = (data) => {
  const changed = Buffer.from(data);
  changed[FLAGS] &= ~UV;
  return changed;
};
const otherHash = (data) => Buffer.concat([Buffer.alloc(32, 7), data.subarray(32)]);
const counter = (value) => (data) => {
  const changed = Buffer.from(data);
  changed.writeUInt32BE(value, FLAGS + 1);
  return changed;
};
const flipped = (text) => {
  const changed = bytes(text);
  changed[changed.length - 1] ^= 1;
  return base64url(changed);
};
const withResponse = (credential, response) => ({ ...credential, response: { ...credential.response, ...response } });

/** By case: how the assertion is created from the options, and the resulting fault. */
const LOGINS = {
  "a wrong origin": {
    forge: ({ passkeys }, options) => passkeys.get(options, "http://localhost:9999"),
  },
  "a wrong rpId hash": {
    forge: ({ passkeys }, options) => passkeys.forge(passkeys.get(options), { authenticatorData: otherHash }),
  },
  "a missing user verification where it is required": {
    forge: ({ passkeys }, options) => passkeys.forge(passkeys.get(options), { authenticatorData: unverified }),
  },
  "a counter going back": {
    before: async (client, ada) => client.read(await client.login(ada, ada.passkeys)),
    forge: ({ passkeys }, options) => passkeys.forge(passkeys.get(options), { authenticatorData: counter(1) }),
  },
  "a foreign user handle": {
    forge: ({ passkeys }, options) => withResponse(passkeys.get(options), { userHandle: base64url("somebody else") }),
  },
  "a tampered signature": {
    forge({ passkeys }, options) {
      const credential = passkeys.get(options);
      return withResponse(credential, { signature: flipped(credential.response.signature) });
    },
  },
  "a signature of another key": {
    forge({ passkeys }, options) {
      const other = new Authenticator();
      other.create({ ...CREATION, challenge: options.challenge });
      const { response } = other.get({ ...options, allowCredentials: undefined });
      return withResponse(passkeys.get(options), { signature: response.signature });
    },
  },
  "a wrong challenge": {
    forge: ({ passkeys }, options) => passkeys.get({ ...options, challenge: base64url(Buffer.alloc(32, 9)) }),
    fault: "challenge_expired",
  },
  "a wrong type": {
    forge: ({ passkeys }, options) => {
      return passkeys.forge(passkeys.get(options), { clientData: (data) => ({ ...data, type: "webauthn.create" }) });
    },
  },
};

const CREATION = {
  rp: { id: "localhost", name: "localhost" },
  user: { id: base64url("x"), name: "x", displayName: "x" },
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
};

for (const dialect of PROVIDERS) {
  for (const [name, { before, forge, fault = "assertion_rejected" }] of Object.entries(LOGINS)) {
    test(`${dialect}: ${name} is refused`, async (t) => {
      const { client, ada } = await setUp(t, dialect, "embedded", REQUIRED);
      await before?.(client, ada);
      const begun = await client.ask("login.begin", ada);
      const credential = forge(ada, client.read(begun));
      client.refused(await client.ask("login.finish", ada, { credential, begun: begun.content }), fault);
      assert.ok(client.read(await client.login(ada, ada.passkeys)).access);
    });
  }

  test(`${dialect}: an unchanged assertion is accepted`, async (t) => {
    const { client, ada } = await setUp(t, dialect, "embedded", REQUIRED);
    const begun = await client.ask("login.begin", ada);
    const credential = ada.passkeys.forge(ada.passkeys.get(client.read(begun)), {});
    assert.ok(client.read(await client.ask("login.finish", ada, { credential, begun: begun.content })).access);
  });

  test(`${dialect}: a replayed assertion is refused`, async (t) => {
    const { client, ada } = await setUp(t, dialect, "embedded", REQUIRED);
    const begun = await client.ask("login.begin", ada);
    const given = { credential: ada.passkeys.get(client.read(begun)), begun: begun.content };
    client.read(await client.ask("login.finish", ada, given));
    client.refused(await client.ask("login.finish", ada, given), "challenge_expired");
    // In a new ceremony the assertion has the wrong challenge.
    const again = await client.ask("login.begin", ada);
    client.refused(await client.ask("login.finish", ada, { ...given, begun: again.content }), "challenge_expired");
  });
}

/** The same for a new passkey; its response is not signed, so changing it is enough. */
const REGISTRATIONS = {
  "a wrong origin": { create: (passkeys, options) => passkeys.createJSON("http://localhost:9999", options) },
  "a wrong type": { create: (passkeys, options) => retyped(passkeys.create(options)) },
  "a wrong rpId hash": {
    create: (passkeys, options) => {
      return passkeys.createJSON("http://a.localhost", { ...options, rp: { ...options.rp, id: "a.localhost" } });
    },
  },
  "a wrong challenge": {
    create: (passkeys, options) => passkeys.create({ ...options, challenge: base64url(Buffer.alloc(32, 9)) }),
    fault: "challenge_expired",
  },
};

function retyped(credential) {
  const data = JSON.parse(bytes(credential.response.clientDataJSON));
  return withResponse(credential, { clientDataJSON: base64url(JSON.stringify({ ...data, type: "webauthn.get" })) });
}

for (const dialect of PROVIDERS.filter((dialect) => pair(dialect, "embedded").can("registration.begin"))) {
  for (const [name, { create, fault = "assertion_rejected" }] of Object.entries(REGISTRATIONS)) {
    test(`${dialect}: a new passkey with ${name} is refused`, async (t) => {
      const { client, ada } = await setUp(t, dialect, "embedded");
      const begun = await client.ask("registration.begin", ada);
      const credential = create(new Authenticator(), client.read(begun));
      const answer = await client.ask("registration.finish", ada, { credential, begun: begun.content });
      client.refused(answer, fault);
    });
  }
}

/** The route's own minimum, with upstreams that require less. */
for (const provider of PROVIDERS.filter((provider) => pair(provider, provider).can("registration.begin"))) {
  test(`${provider} before itself: a route that requires user verification refuses a new passkey without it`, async (t) => {
    const { client, ada, upstream } = await setUp(t, provider, provider, { route: 'user_verification = "required"' });
    const begun = await client.ask("registration.begin", ada);
    const credential = new Authenticator().create(client.read(begun));
    const answer = await client.ask("registration.finish", ada, { credential: unattested(credential), begun: begun.content });
    client.refused(answer, "assertion_rejected");
    assert.equal(upstream.count("registration.finish"), 0);
    client.read((await client.register(ada, new Authenticator())).finished);
  });
}

/** The same passkey, whose attestation object lacks the user verification flag. */
function unattested(credential) {
  const object = bytes(credential.response.attestationObject);
  const data = object.indexOf(createHash("sha256").update("localhost").digest());
  assert.ok(data > 0 && object[data + FLAGS] & UV);
  return withResponse(credential, {
    attestationObject: base64url(Buffer.concat([object.subarray(0, data), unverified(object.subarray(data))])),
  });
}
