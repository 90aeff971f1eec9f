// Headless Chromium, with one page and a virtual authenticator that approves every request.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { launch } from "puppeteer-core";

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--ignore-certificate-errors",
];

export class Browser {
  /** @param {string} url the page to open */
  static async open(url) {
    const browser = new Browser();
    browser.chromium = await launch({ executablePath: executable(), args: FLAGS });
    [browser.page] = await browser.chromium.pages();
    const session = await browser.page.createCDPSession();
    await session.send("WebAuthn.enable");
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
      },
    });
    Object.assign(browser, { session, authenticatorId });
    await browser.page.goto(url, { waitUntil: "load" });
    return browser;
  }

  /**
   * Runs a function in the page. An error is returned as its members, because a serialised error keeps
   * only its message: `{ thrown: { name, code, message, error } }`.
   */
  async run(does, ...given) {
    const outcome = await this.page.evaluate(async (source, parameters) => {
      try {
        return { answer: await (0, eval)(`(${source})`)(...parameters) };
      } catch (error) {
        const { name, code, message, error: reported, cause } = error;
        return { thrown: { name, code: cause?.error ?? reported ?? code, message } };
      }
    }, does.toString(), given);
    if (outcome.thrown) throw Object.assign(new Error(outcome.thrown.message), outcome.thrown);
    return outcome.answer;
  }

  /** The passkeys that the authenticator holds. */
  async passkeys() {
    const { authenticatorId } = this;
    const { credentials } = await this.session.send("WebAuthn.getCredentials", { authenticatorId });
    return credentials;
  }

  async close() {
    await this.chromium.close();
  }
}

function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const found = process.env.PATH.split(delimiter).map((folder) => join(folder, "chromium")).find(existsSync);
  if (!found) throw new Error("no Chromium on the PATH: run tests/clients/install, or set CHROMIUM");
  return found;
}
