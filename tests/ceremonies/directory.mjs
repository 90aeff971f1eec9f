// An HTTP service that maps users, as an identity map queries it. It can be switched off.

import { once } from "node:events";
import { createServer } from "node:http";

export class Directory {
  #people = [];
  #isAway = false;

  static async start() {
    const directory = new Directory();
    directory.server = createServer((request, response) => directory.#answer(request, response));
    directory.server.listen(0, "127.0.0.1");
    await once(directory.server, "listening");
    return directory;
  }

  /** Somebody with a name on each side: `{ id, email }`. */
  knows(here, there) {
    this.#people.push({ here, there });
  }

  leaves() {
    this.#isAway = true;
  }

  returns() {
    this.#isAway = false;
  }

  /** `[identity.users]` that asks for the member by which a dialect names users; nothing is kept. */
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
    if (this.#isAway) return response.writeHead(503).end();
    const [, side, written] = url.split("/");
    const name = decodeURIComponent(written);
    const found = this.#people.find((person) => Object.values(person[side]).includes(name));
    if (!found) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(side === "here" ? found.there : found.here));
  }
}
