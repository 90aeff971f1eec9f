// An application's own web site: one page with a client's script, and the calls that the application's server
// makes for the page.
//
// A page on `localhost` is a secure context without TLS, so browsers let it use passkeys.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const packages = new URL("../../node_modules/", import.meta.url);

export class Site {
  /**
   * @param {string} script the client's file for browsers, below node_modules
   * @param {Record<string, (content: object) => Promise<object>>} [calls] by path
   */
  static async open(script, calls = {}) {
    const site = new Site();
    site.script = await readFile(new URL(script, packages));
    site.calls = calls;
    site.server = createServer((incoming, outgoing) => {
      site.#answer(incoming, outgoing).catch((error) => outgoing.writeHead(500).end(error.stack));
    });
    site.server.listen(0, "127.0.0.1");
    await once(site.server, "listening");
    site.origin = `http://localhost:${site.server.address().port}`;
    return site;
  }

  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  async #answer(incoming, outgoing) {
    const json = { "content-type": "application/json" };
    switch (incoming.url) {
      case "/":
        return outgoing.writeHead(200, { "content-type": "text/html" }).end(PAGE);
      case "/client.js":
        return outgoing.writeHead(200, { "content-type": "text/javascript" }).end(this.script);
      default: {
        const call = this.calls[incoming.url];
        if (!call) return outgoing.writeHead(404).end();
        const { status, content } = await call(await read(incoming));
        return outgoing.writeHead(status, json).end(JSON.stringify(content));
      }
    }
  }
}

const PAGE = `<!doctype html>
<title>An application</title>
<link rel="icon" href="data:,">
<script src="/client.js"></script>
`;

async function read(incoming) {
  let text = "";
  for await (const chunk of incoming.setEncoding("utf8")) text += chunk;
  return JSON.parse(text);
}
