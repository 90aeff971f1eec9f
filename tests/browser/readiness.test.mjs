// The console's readiness in a real browser, with a gateway that has observed real sign-ins.
//
// SCREENSHOTS=FOLDER saves screenshots of it there, wide and narrow, light and dark.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { Browser } from "../clients/support/browser.mjs";
import { setUp } from "../ceremonies/setup.mjs";

const KINDS = ["Proven", "One signature short", "Unseen", "Not learnable"];
const browser = await Browser.open("about:blank");
const { page } = browser;
const said = [];
page.on("console", (message) => said.push(message.text()));
page.on("pageerror", (error) => said.push(error.message));
after(() => browser.close());

/** Ada and Bob at an old provider whose sign-ins a route observes. */
async function observed(t, watch) {
  const setup = await setUp(t, "quiva", "streambird", { watch });
  return { ...setup, open: () => open(setup.gateway) };
}

async function open({ admin }) {
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(`${admin.replace("127.0.0.1", "localhost")}/`, { waitUntil: "networkidle0" });
}

/** The tables by caption: heads, and the cells of each row. */
function tables() {
  return page.$$eval("#readiness-own table", (tables) =>
    Object.fromEntries(
      tables.map((table) => [
        table.caption.textContent,
        [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim().replaceAll(/\s+/g, " "))),
      ]),
    ),
  );
}

const NOW = "The last 30 days, by what is known now";
const USERS = "Users per day (UTC), by what was known at their first sign-in";
const SIGN_INS = "Sign-ins per day (UTC), by what was known at the time";
const text = (selector) => page.$eval(selector, (found) => found.textContent);

test("readiness follows the sign-ins and is refreshed by the button", async (t) => {
  const { client, ada, bob, open } = await observed(t, "learn_keys");
  await open();
  assert.equal(await page.$eval("#readiness", (section) => section.hidden), false);
  assert.match(await text("#readiness-own"), /Learns passkeys from the sign-ins through the route “front”/);
  assert.match(await text("#readiness-own"), /No sign-ins observed in the last 30 days/);

  for (const person of [ada, ada, bob]) client.read(await client.login(person, person.passkeys));
  await page.click("#readiness-refresh");
  await page.waitForSelector("#readiness-own table");
  let shown = await tables();
  assert.deepEqual(shown[NOW], [
    ["Count", "Could sign in here", ...KINDS],
    ["Users", "50.00 %", "1 50.00 %", "1 50.00 %", "0 0.00 %", "0 0.00 %"],
    ["Sign-ins", "66.66 %", "2 66.66 %", "1 33.33 %", "0 0.00 %", "0 0.00 %"],
  ]);
  assert.match(await text("#readiness-own .verified"), /known here: 0\. Mismatched: 0;/);

  // The passkey is proven now, so Ada's third sign-in is verified with it.
  client.read(await client.login(ada, ada.passkeys));
  await page.click("#readiness-refresh");
  await page.waitForFunction(() => document.querySelector("#readiness-own .verified").textContent.includes("here: 1."));
  shown = await tables();
  const [, [day, ...counts]] = shown[SIGN_INS];
  assert.match(day, /^\d{4}-\d\d-\d\d$/);
  // Each sign-in is counted by the state before it: both passkeys began unseen.
  assert.deepEqual(counts, ["25.00 %", "1 25.00 %", "1 25.00 %", "2 50.00 %", "0 0.00 %", "0", "0", "0"]);
  assert.deepEqual(shown[USERS][1].slice(1), ["0.00 %", "0 0.00 %", "0 0.00 %", "2 100.00 %", "0 0.00 %"]);

  // A sign-in that the provider accepts: the same key with different backup flags.
  client.read(await backedUp(client, ada));
  await page.click("#readiness-refresh");
  await page.waitForFunction(() => document.querySelector("#readiness-own .verified").textContent.includes("Mismatched: 1;"));
  assert.match(await text("#readiness-own .verified"), /Contradicted passkeys, counted as unseen: 1\.$/);
  shown = await tables();
  assert.deepEqual(shown[SIGN_INS][1].slice(-3), ["1", "0", "0"]);
  await accessible();
  await fits();
});

test("verification counts are shown for a route that only verifies", async (t) => {
  const { client, ada, open } = await observed(t, "verify_against");
  client.read(await client.login(ada, ada.passkeys));
  await open();
  assert.match(await text("#readiness-own"), /Verifies the sign-ins through the route “front”, and learns nothing/);
  const shown = await tables();
  assert.deepEqual(shown[SIGN_INS][1].slice(1), ["0.00 %", "0 0.00 %", "0 0.00 %", "1 100.00 %", "0 0.00 %", "0", "0", "0"]);
  assert.equal(shown[NOW][1][1], "–", "no counts are stored");
});

test("readiness is hidden and not requested if no upstream observes a route", async (t) => {
  const requested = [];
  page.on("request", (request) => requested.push(new URL(request.url()).pathname));
  const { gateway } = await setUp(t, "quiva", "embedded");
  await open(gateway);
  assert.ok(await page.$eval("#readiness", (section) => section.hidden));
  assert.ok(requested.includes("/try") && !requested.includes("/readiness"), requested.join(" "));
});

test("failure to read the readiness is shown", async (t) => {
  const { open } = await observed(t, "learn_keys");
  await page.setRequestInterception(true);
  const fail = (request) =>
    request.url().endsWith("/readiness")
      ? request.respond({ status: 503, contentType: "text/plain", body: "a directory does not answer\n" })
      : request.continue();
  page.on("request", fail);
  await open();
  assert.equal(await text("#readiness-outcome"), "Readiness is not available: a directory does not answer.");
  page.off("request", fail);
  await page.setRequestInterception(false);
});

/** A sign-in with other backup flags than before. */
async function backedUp(client, user) {
  const begun = await client.ask("login.begin", user);
  const eligible = (data) => Buffer.concat([data.subarray(0, 32), Buffer.of(data[32] ^ 0b11000), data.subarray(33)]);
  const credential = user.passkeys.forge(user.passkeys.get(client.read(begun)), { authenticatorData: eligible });
  return client.ask("login.finish", user, { credential, begun: begun.content });
}

/** Each table has a caption, heads with a scope, and a frame that the keyboard can focus; bars have a text. */
async function accessible() {
  const found = await page.$$eval("#readiness-own table", (tables) =>
    tables.map((table) => ({
      caption: table.caption.textContent !== "",
      scopes: [...table.querySelectorAll("th")].every((head) => ["col", "row"].includes(head.scope)),
      frame: table.parentElement.tabIndex === 0 && table.parentElement.getAttribute("aria-label") === table.caption.textContent,
      bars: [...table.querySelectorAll("svg")].every((bar) => bar.ariaHidden === "true" && /\d %|–/.test(bar.parentElement.textContent)),
    })),
  );
  assert.deepEqual(found, Array(3).fill({ caption: true, scopes: true, frame: true, bars: true }));
  assert.deepEqual(said, []);
}

async function fits() {
  for (const width of [1280, 400]) {
    await page.setViewport({ width, height: 900 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels overflow of ${width}`);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      const folder = process.env.SCREENSHOTS;
      if (folder) await page.screenshot({ path: join(folder, `readiness-${width}-${scheme}.png`), fullPage: true });
    }
  }
  await page.emulateMediaFeatures([]);
}
