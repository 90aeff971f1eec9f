// A stage for a client without a browser: the client, TLS, the gateway behind it, and perhaps an upstream
// behind that.

import { Front } from "./front.mjs";
import { serve } from "./gateway.mjs";
import { Passkeys } from "./passkeys.mjs";

export class Stage {
  passkeys = new Passkeys();

  /**
   * @param {(front: Front, secret: string) => import("./client.mjs").Client} connect starts a client
   * @param {string} secret what the application proves itself with
   */
  constructor(connect, secret) {
    Object.assign(this, { connect, secret });
  }

  /** @param {(front: Front) => string} config which may name the address in front */
  async open(config, secrets) {
    this.front = await Front.listen();
    this.gateway = await serve(config(this.front), secrets);
    this.front.serve(this.gateway);
    this.client = this.start(this.secret);
  }

  /** One more client, perhaps with a secret that is none. */
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
