// The processes for a client without a browser: the client, a TLS proxy, the gateway, and an upstream if the
// test has one.

import { Front } from "./front.mjs";
import { serve } from "./gateway.mjs";
import { Passkeys } from "./passkeys.mjs";

export class Setup {
  passkeys = new Passkeys();

  /**
   * @param {(front: Front, secret: string) => import("./client.mjs").Client} connect starts a client
   * @param {string} secret the application's client secret or key
   */
  constructor(connect, secret) {
    Object.assign(this, { connect, secret });
  }

  /** @param {(front: Front) => string} config which may contain the proxy's address */
  async open(config, secrets) {
    this.front = await Front.listen();
    this.gateway = await serve(config(this.front), secrets);
    this.front.serve(this.gateway);
    this.client = this.start(this.secret);
  }

  /** Another client; the secret may be wrong. */
  start(secret) {
    return this.connect(this.front, secret);
  }

  async close() {
    await this.client?.end();
    await this.front?.close();
    await this.gateway?.stop();
    await this.upstream?.close();
  }
}
