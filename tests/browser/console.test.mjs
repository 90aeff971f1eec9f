// The console in a real browser: register a passkey, sign in through every dialect, see every step.
//
// SCREENSHOTS=FOLDER saves screenshots of the page there: after each sign-in, and wide and narrow, light and dark.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Gateway } from "../ceremonies/gateway.mjs";
import { Browser } from "../clients/support/browser.mjs";

const DIALECTS = ["quiva", "flashback", "streambird", "auth0", "apifox"];
const STAGES = ["caller_request", "model_request", "upstream_request", "upstream_answer", "model_answer", "caller_answer"];
/** A complete token of the embedded relying party: a JWT of three parts, or an opaque token. */
const TOKEN = /[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}|pb[rs]_[\w-]{20,}/;

suite("the console of the built-in config", () => {
  let gateway, browser, page, url;
  const [said, received] = [[], []];

  before(async () => {
    const port = await freePort();
    url = `http://localhost:${port}/`;
    gateway = await Gateway.start(await builtIn(port), { PASSBRIDGE__ADMIN__LISTEN: `127.0.0.1:${port}` });
    browser = await Browser.open("about:blank");
    page = browser.page;
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    page.on("response", (response) => response.url().endsWith("/try") && received.push(response.text()));
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto(url, { waitUntil: "networkidle0" });
  });
  after(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  test("lists the available operations", async () => {
    assert.equal(await text("h1"), "Try passbridge");
    assert.equal(await page.$$eval("#sign-in-routes article", (found) => found.length), DIALECTS.length);
    assert.equal(await text("#demo-user"), "demo@example.com");
    assert.ok(await page.$eval("#notice", (notice) => notice.hidden), await text("#notice"));
    assert.ok(await page.$eval("#begin", (section) => section.hidden));
  });

  test("registers a passkey", async () => {
    await page.click("#register-form button");
    await waitForText("#register-outcome", /^A passkey was registered through .+\.$/);
    assert.equal((await browser.passkeys()).length, 1);
    await shows("#register-legs");
  });

  test("reports that the device already has a passkey", async () => {
    await page.click("#register-form button");
    await waitForText("#register-outcome", /already has a passkey of the demo user/);
  });

  for (const dialect of DIALECTS) {
    test(`signs in through ${dialect}`, async () => {
      await page.click(`#route-${dialect} button`);
      await waitForText(`#route-${dialect} > .outcome`, /^Signed in through .+\. Token: \S+… \(\d+ characters\)$/);
      await shows(`#route-${dialect}`);
      await picture(dialect);
    });
  }

  test("signs in through every dialect by keyboard", async () => {
    await page.focus("#register-form button");
    await page.keyboard.press("Tab");
    while ((await page.evaluate(() => document.activeElement.id)) !== "sign-in-all") await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await waitForText("#sign-in-outcome", /^Signed in through 5 of 5\.$/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "sign-in-all");
  });

  test("receives and shows no secret", async () => {
    const texts = [await page.content(), ...(await Promise.all(received))];
    assert.ok(texts.length > 2 * DIALECTS.length);
    for (const text of texts) assert.equal(text.match(TOKEN)?.[0], undefined);
    assert.match(texts[0], /Bearer eyJ\w+… \(\d+ characters\)/);
  });

  test("labels every control and satisfies its own content security policy", async () => {
    const nameless = await page.$$eval("button, select, input, summary", (controls) =>
      controls.filter((control) => !(control.textContent.trim() || control.labels?.length)).map((control) => control.outerHTML),
    );
    assert.deepEqual(nameless, []);
    assert.deepEqual(said, []);
  });

  for (const width of [1280, 400]) {
    test(`fits a window of ${width} pixels`, async () => {
      await page.setViewport({ width, height: 900 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${overflow} pixels overflow`);
      await picture(`${width}-light`);
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
      await picture(`${width}-dark`);
      await page.emulateMediaFeatures([]);
    });
  }

  test("names the address to open when passkeys are unavailable", async () => {
    await page.goto(url.replace("localhost", "127.0.0.1"), { waitUntil: "networkidle0" });
    assert.equal(await page.$eval("#notice a", (link) => link.href), url);
  });

  const text = (selector) => page.$eval(selector, (found) => found.textContent);

  async function waitForText(selector, pattern) {
    await page.waitForFunction(
      (selector) => ["good", "bad"].includes(document.querySelector(selector).dataset.kind),
      { timeout: 20_000 },
      selector,
    );
    assert.match(await text(selector), pattern);
  }

  /** Both legs, each with every step. */
  async function shows(selector) {
    const legs = await page.$$eval(`${selector} .leg`, (legs) =>
      legs.map((leg) => [...leg.querySelectorAll(".cell")].map((cell) => cell.classList[1])),
    );
    assert.deepEqual(legs, [STAGES, STAGES]);
  }

  async function picture(name) {
    const folder = process.env.SCREENSHOTS;
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
});

/** The config that is built into the binary, with other ports. */
async function builtIn(port) {
  const file = fileURLToPath(new URL("../../gateway.toml", import.meta.url));
  const toml = await readFile(file, "utf8");
  const tables = toml.slice(toml.indexOf("[upstreams.own]")).replace("http://localhost:9090", `http://localhost:${port}`);
  assert.ok(tables.includes(`"http://localhost:${port}"`), "the built-in config takes passkeys from its own console");
  return tables;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
