// The tests of a browser's passkey library, in Chromium: it creates and uses passkeys with options in the form of
// Streambird and quiva, and its results are sent back in their dialects.
//
// Streambird's calls need the application's key, so the application's server makes them. The page itself makes
// quiva's calls, from another origin.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { start } from "../../upstreams/start.mjs";
import { creationOptions } from "../../upstreams/upstream.mjs";
import { BOUNDED } from "./bounded.mjs";
import { Browser } from "./browser.mjs";
import { QUIVA, STREAMBIRD } from "./dialects.mjs";
import { serve } from "./gateway.mjs";
import { forged, Passkeys } from "./passkeys.mjs";
import { signUp, SIGNUP } from "./users.mjs";
import { Site } from "./site.mjs";

const ADA = { email: "ada@example.com", name: "Ada" };

/**
 * @param {{ script: string, create: Function, get: Function }} library its file below node_modules, and how a
 *   page calls it with WebAuthn's options as JSON
 */
export function signsInWith(library) {
  for (const dialect of [STREAMBIRD, QUIVA]) {
    suite(`with ${dialect.name}'s dialect, against the embedded relying party`, BOUNDED, () => embedded(library, dialect));
    suite(`with ${dialect.name}'s dialect, through a pair`, BOUNDED, () => pair(library, dialect));
  }
}

function embedded(library, dialect) {
  const setup = { library, dialect };
  before(async () => {
    await open(setup, (origin) => `
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["${origin}"]
database = "passbridge.db"

[routes.app]
dialect  = "${dialect.id}"
upstream = "own"
callers  = ${dialect.callers('"upstream"')}
cors     = { origins = ["${origin}"] }
${SIGNUP}`);
    setup.ada = await signUp(setup.gateway, passkeysOf(setup), ADA);
  });
  after(() => close(setup));

  test("a user registers a passkey and signs in with it", async () => {
    const begun = await post(setup, dialect.registration.begin(setup.ada));
    const credential = await setup.browser.run(library.create, dialect.registration.options(begun));
    dialect.registration.done(await post(setup, dialect.registration.finish(setup.ada, credential)), setup.ada);
    assert.equal((await setup.browser.passkeys()).length, 1);
    dialect.login.done(await post(setup, dialect.login.finish(setup.ada, await answer(setup))), setup.ada);
  });

  test("a second passkey on the same device is refused", async () => {
    const begun = await post(setup, dialect.registration.begin(setup.ada));
    const again = setup.browser.run(library.create, dialect.registration.options(begun));
    await assert.rejects(again, { name: "InvalidStateError" });
  });

  refusals(setup);
}

function pair(library, dialect) {
  const setup = { library, dialect };
  before(async () => {
    await open(setup, async (origin) => {
      setup.upstream = await start(dialect.pair.upstream, { origins: [origin] });
      return dialect.pair.config(setup.upstream, origin);
    });
    const { party } = setup.upstream;
    setup.ada = setup.upstream.addUser({ ...ADA, id: dialect.pair.id });
    const ceremony = party.begin(setup.ada);
    const options = creationOptions(party, ceremony);
    await party.register(ceremony, await setup.browser.run(library.create, options), "the first one");
  });
  after(() => close(setup));

  test("a user signs in with a passkey of the upstream", async () => {
    dialect.login.done(await post(setup, dialect.login.finish(setup.ada, await answer(setup))), setup.ada);
    assert.equal(setup.upstream.count("login.finish"), 1);
  });

  refusals(setup);
}

function refusals(setup) {
  const { dialect } = setup;
  test("an assertion is accepted once", async () => {
    const credential = await answer(setup);
    await post(setup, dialect.login.finish(setup.ada, credential));
    await dialect.refused(post(setup, dialect.login.finish(setup.ada, credential)));
  });

  test("an unsigned assertion is refused", async () => {
    await dialect.refused(post(setup, dialect.login.finish(setup.ada, forged(await answer(setup)))));
  });

  test("an unknown user is reported", async () => {
    await dialect.unknown(post(setup, dialect.login.begin({ id: "nobody", email: "nobody@example.com" })));
  });
}

// ===== shared steps

async function open(setup, config) {
  setup.site = await Site.open(setup.library.script, {
    "/backend": ({ path, content }) => setup.dialect.backend(setup.gateway, path, content),
  });
  setup.gateway = await serve(await config(setup.site.origin), setup.dialect.secrets(setup.upstream));
  setup.browser = await Browser.open(setup.site.origin);
}

async function close({ browser, site, gateway, upstream }) {
  await browser?.close();
  await site?.close();
  await gateway?.stop();
  await upstream?.close();
}

/** A sign-in up to the library's response. */
async function answer(setup) {
  const { dialect, library, browser, ada } = setup;
  return browser.run(library.get, dialect.login.options(await post(setup, dialect.login.begin(ada))));
}

/** The page sends the request; a response other than success rejects with `status` and `content`. */
async function post({ browser, dialect, gateway }, request) {
  const { status, content } = await browser.run(ask, dialect.address(gateway, request));
  if (status !== 200) throw Object.assign(new Error(`answered ${status}`), { status, content });
  return content;
}

/** Runs in the page. */
async function ask({ url, token, content }) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(content) });
  return { status: answer.status, content: await answer.json() };
}

/** The authenticator that Ada signed up with. It differs from the browser's. */
function passkeysOf({ site }) {
  const passkeys = new Passkeys();
  passkeys.create = (options) => passkeys.createJSON(site.origin, options);
  return passkeys;
}
