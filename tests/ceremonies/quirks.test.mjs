// Behaviour of only one of the five providers, on the wire: the upstream request and the caller's response as sent.
// (All other tests check that both are valid: imitated providers and clients validate them against schemas.)

import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, base64url, bytes } from "../upstreams/bytes.mjs";
import { Authenticator } from "./authenticator.mjs";
import { setUp, setUpForOne } from "./setup.mjs";

const withHandle = (credential, userHandle) => ({ ...credential, response: { ...credential.response, userHandle } });

/** Begins, and finishes with the dialect's request as changed by `change`. */
async function loginWith({ client, ada }, change) {
  const begun = await client.ask("login.begin", ada);
  const credential = ada.passkeys.get(client.read(begun));
  const request = client.dialect.requests["login.finish"](ada, { credential, begun: begun.content });
  return client.sendAnyhow("login.finish", change(structuredClone(request), credential));
}

// ===== a credential as text, and as an object

for (const [name, form] of Object.entries({
  "JSON text": (credential) => JSON.stringify(credential),
  "base64 of it": (credential) => base64(JSON.stringify(credential)),
  "an object": (credential) => credential,
})) {
  test(`quiva's login takes the credential as ${name}`, async (t) => {
    const setup = await setUp(t, "quiva", "auth0");
    const answer = await loginWith(setup, (request, credential) => {
      request.content.credential = form(credential);
      return request;
    });
    assert.ok(setup.client.read(answer).access);
    assert.equal(typeof setup.upstream.last("login.finish").content.authn_response, "object");
  });
}

test("quiva's credential is text at login and an object at registration", async (t) => {
  const { client, ada, upstream } = await setUpForOne(t, "streambird", "quiva");
  client.read(await client.login(ada, ada.passkeys));
  assert.equal(typeof upstream.last("login.finish").content.credential, "string");
  client.read((await client.register(ada, new Authenticator())).finished);
  assert.equal(typeof upstream.last("registration.finish").content.credential, "object");
});

test("apifox credentials are text at begin and finish", async (t) => {
  const { client, ada, upstream } = await setUpForOne(t, "quiva", "apifox");
  client.read(await client.login(ada, ada.passkeys));
  client.read((await client.register(ada, new Authenticator())).finished);
  assert.equal(JSON.parse(upstream.last("login.finish").content.response).type, "public-key");
  assert.equal(JSON.parse(upstream.last("registration.finish").content.response).type, "public-key");
});

// ===== client extension results

test("absent clientExtensionResults is empty at streambird", async (t) => {
  const { client, ada, upstream } = await setUp(t, "apifox", "streambird");
  client.read(await client.login(ada, ada.passkeys));
  assert.deepEqual(upstream.last("login.finish").content.public_key_credential.clientExtensionResults, {});
});

test("clientExtensionResults is forwarded unchanged", async (t) => {
  const { client, ada, upstream } = await setUp(t, "streambird", "quiva");
  client.read(await client.login(ada, ada.passkeys));
  const credential = JSON.parse(upstream.last("login.finish").content.credential);
  assert.deepEqual(credential.clientExtensionResults, { credProps: { rk: true } });
  assert.equal(credential.authenticatorAttachment, "platform");
});

test("clientExtensionResults is inside response in flashback's registration", async (t) => {
  const { client, ada, upstream } = await setUpForOne(t, "flashback", "flashback");
  client.read((await client.register(ada, new Authenticator())).finished);
  const { credential } = upstream.last("registration.finish").content;
  assert.deepEqual(credential.response.clientExtensionResults, { credProps: { rk: true } });
  assert.ok(!("clientExtensionResults" in credential));
});

test("flashback's login gets neither extension results nor attachment", async (t) => {
  const { client, ada, upstream } = await setUp(t, "quiva", "flashback");
  client.read(await client.login(ada, ada.passkeys));
  const { credential } = upstream.last("login.finish").content;
  assert.deepEqual(Object.keys(credential).sort(), ["id", "rawId", "response", "type"]);
});

// ===== user handles

for (const [form, userHandle] of [["null", null], ["an empty string", ""], ["absent", undefined]]) {
  for (const upstream of ["streambird", "auth0", "quiva", "flashback"]) {
    const expected = upstream === "streambird" ? null : undefined;
    const name = `a user handle that is ${form} is ${expected === null ? "null" : "absent"} at ${upstream}`;
    test(name, async (t) => {
      const setup = await setUp(t, "quiva", upstream);
      const answer = await loginWith(setup, (request, credential) => {
        request.content.credential = JSON.stringify(withHandle(credential, userHandle));
        return request;
      });
      assert.ok(setup.client.read(answer).access);
      const { content } = setup.upstream.last("login.finish");
      const credential = content.public_key_credential ?? content.authn_response ?? content.credential;
      const { response } = typeof credential === "string" ? JSON.parse(credential) : credential;
      assert.equal(response.userHandle, expected);
      assert.equal("userHandle" in response, expected === null);
    });
  }

  test(`a user handle that is ${form} is refused before apifox, which requires one`, async (t) => {
    const setup = await setUp(t, "quiva", "apifox");
    const answer = await loginWith(setup, (request, credential) => {
      request.content.credential = JSON.stringify(withHandle(credential, userHandle));
      return request;
    });
    assert.ok(!answer.ok && answer.status < 500, JSON.stringify(answer));
    assert.equal(setup.upstream.count("login.finish"), 0);
  });
}

// ===== statuses, Location, and fields

test("auth0 enrolment returns 202 and 201 with Location, and deletion an empty 204", async (t) => {
  const { client, ada } = await setUpForOne(t, "auth0", "apifox");
  const begun = await client.ask("registration.begin", ada);
  assert.deepEqual([begun.status, begun.fields.location], [202, "/me/v1/authentication-methods/passkey%7Cnew"]);
  const credential = new Authenticator().create(client.read(begun));
  const finished = await client.ask("registration.finish", ada, { credential, begun: begun.content });
  const { handle } = client.read(finished);
  assert.equal(finished.status, 201);
  assert.equal(decodeURIComponent(finished.fields.location.split("/").at(-1)), handle);
  const deleted = await client.ask("credentials.delete", ada, { registered: finished.content });
  assert.deepEqual([deleted.status, deleted.content], [204, undefined]);
});

test("other dialects return 200 for Auth0's 202, 201 and 204", async (t) => {
  const { client, ada } = await setUpForOne(t, "streambird", "auth0");
  const { finished } = await client.register(ada, new Authenticator());
  const deleted = await client.ask("credentials.delete", ada, { registered: finished.content });
  assert.deepEqual([finished.status, deleted.status], [200, 200]);
  assert.equal(finished.fields.location, undefined);
});

test("apifox responses are not cacheable", async (t) => {
  const { client, ada } = await setUp(t, "apifox", "auth0");
  const begun = await client.ask("login.begin", ada);
  assert.equal(begun.fields["cache-control"], "private, no-cache");
  assert.equal(begun.fields["content-type"], "application/json; charset=utf-8");
});

test("auth0 faults have no WWW-Authenticate field", async (t) => {
  const { client, ada, upstream } = await setUp(t, "auth0", "auth0");
  const wrongCaller = { ...ada, client: { id: ada.client.id, secret: "wrong" }, token: "wrong" };
  for (const operation of ["login.begin", "credentials.list"]) {
    const { status, fields } = await client.ask(operation, wrongCaller);
    assert.deepEqual([status, fields["www-authenticate"]], [401, undefined]);
  }
  const content = { type: "about:blank", title: "Unauthorized", status: 401, detail: "expired" };
  upstream.next("credentials.list", { status: 401, content, fields: { "www-authenticate": "Bearer" } });
  const { status, fields } = await client.ask("credentials.list", ada);
  assert.deepEqual([status, fields["www-authenticate"]], [401, undefined]);
});

// ===== ids in paths and queries

test("a method id is percent-encoded in Auth0's path", async (t) => {
  const { client, ada, upstream } = await setUpForOne(t, "streambird", "auth0");
  const { finished } = await client.register(ada, new Authenticator());
  const { handle } = client.read(finished);
  assert.match(handle, /^passkey\|dev_/);
  await client.ask("credentials.delete", ada, { registered: finished.content });
  assert.equal(upstream.last("credentials.delete").path, `/me/v1/authentication-methods/${handle.replace("|", "%7C")}`);
});

for (const [dialect, upstream] of [["apifox", "apifox"], ["quiva", "apifox"], ["apifox", "quiva"]]) {
  test(`${dialect} before ${upstream}: an id with + and / survives query and content`, async (t) => {
    const { client, ada, upstream: there } = await setUpForOne(t, dialect, upstream);
    const { credential, finished } = await registeredWith(client, ada, (id) => /\+/.test(id) && /\//.test(id));
    const deleted = await client.ask("credentials.delete", ada, { credential, registered: finished.content });
    assert.ok(deleted.ok, JSON.stringify(deleted));
    const { query, content } = there.last("credentials.delete");
    assert.equal(query?.id ?? content.id, base64(bytes(credential.id)));
    assert.ok(!there.party.passkeys.has(credential.id));
  });
}

/** Begins registrations until an authenticator creates an id that matches in the standard alphabet. */
async function registeredWith(client, ada, fits) {
  for (;;) {
    const begun = await client.ask("registration.begin", ada);
    const credential = new Authenticator().create(client.read(begun));
    if (!fits(base64(bytes(credential.id)))) continue;
    const finished = await client.ask("registration.finish", ada, { credential, begun: begun.content });
    client.read(finished);
    return { credential, finished };
  }
}

// ===== times

test("streambird minutes stay minutes at streambird and become seconds elsewhere", async (t) => {
  const own = await setUp(t, "streambird", "streambird");
  own.client.read(await own.client.login(own.ada, own.ada.passkeys));
  assert.equal(own.upstream.last("login.finish").content.session_expires_in, 60);
  const ours = await setUp(t, "streambird", "embedded");
  const { access } = ours.client.read(await ours.client.login(ours.ada, ours.ada.passkeys));
  const { exp, iat } = JSON.parse(bytes(access.split(".")[1]));
  assert.equal(exp - iat, 3600);
});

test("a lifetime in seconds is sent to streambird in minutes", async (t) => {
  const { client, ada, upstream } = await setUp(t, "quiva", "streambird");
  client.read(await client.login(ada, ada.passkeys));
  assert.equal(upstream.last("login.finish").content.session_expires_in, 60);
});

test("auth0 seconds become apifox instants", async (t) => {
  const fill = ["user.created_at = 1700000000", "tokens.refresh_expires_in = 1209600"];
  const { client, ada } = await setUp(t, "apifox", "auth0", { fill, issuer: false });
  const before = Date.now();
  const { content } = await client.login(ada, ada.passkeys);
  const { access_expires: access } = content.data.token;
  const [lasts, slack] = [Date.parse(access) - before, Date.now() - before + 1000];
  assert.ok(lasts >= 86400_000 - 1000 && lasts <= 86400_000 + slack, access);
});

test("apifox instants become auth0 seconds", async (t) => {
  const { client, ada } = await setUp(t, "auth0", "apifox", { fill: ["tokens.type = 'Bearer'"], issuer: false });
  const { content } = await client.login(ada, ada.passkeys);
  const { expires_in: seconds } = content;
  assert.ok(Number.isInteger(seconds) && seconds <= 3600 && seconds > 3000, String(seconds));
});

// ===== challenges

for (const upstream of ["quiva", "flashback", "streambird"]) {
  test(`${upstream}'s padded challenge is base64url for auth0's clients`, async (t) => {
    const { client, ada, upstream: there } = await setUp(t, "auth0", upstream);
    const { content } = await client.ask("login.begin", ada);
    const [challenge] = there.ceremonies.keys();
    assert.equal(content.authn_params_public_key.challenge, challenge);
  });
}

test("flashback's registration returns the challenge in the upstream's alphabet", async (t) => {
  const { client, ada, upstream } = await setUpForOne(t, "flashback", "flashback");
  const { finished } = await client.register(ada, new Authenticator());
  client.read(finished);
  const { challenge } = upstream.last("registration.finish").content;
  assert.equal(challenge, base64(bytes(challenge)));
  assert.equal(base64url(bytes(challenge)).length, 43);
});
