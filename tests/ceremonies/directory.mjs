// An HTTP service that maps users, as an identity map queries it. It can be switched off.

import { once } from "node:events";
import { createServer } from "node:http";

export class Directory {
  #users = [];
  #isDown = false;

  static async start() {
    const directory = new Directory();
    directory.server = createServer((request, response) => directory.#answer(request, response));
    directory.server.listen(0, "127.0.0.1");
    await once(directory.server, "listening");
    return directory;
  }

  /** Adds a user with a name on each side: `{ id, email }`. */
  knows(here, there) {
    this.#users.push({ here, there });
  }

  leaves() {
    this.#isDown = true;
  }

  returns() {
    this.#isDown = false;
  }

  /** `[identity.users]` that queries the member by which a dialect names users; nothing is cached. */
  toml(member) {
    const origin = `http://127.0.0.1:${this.server.address().port}`;
    return `[identity.users]
url = "${origin}/here/{${member}}"
reverse = "${origin}/there/{user.id}"
caller = { "user.id" = "id", "user.email" = "email" }
upstream = { "user.id" = "id", "user.email" = "email" }
cache = { seconds = 0, missing_seconds = 0 }
`;
  }

  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  #answer({ url }, response) {
    if (this.#isDown) return response.writeHead(503).end();
    const [, side, written] = url.split("/");
    const name = decodeURIComponent(written);
    const found = this.#users.find((user) => Object.values(user[side]).includes(name));
    if (!found) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(side === "here" ? found.there : found.here));
  }
}
