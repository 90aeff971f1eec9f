// A TLS proxy in front of a gateway, as in a deployment: it decrypts the connection and forwards it byte for
// byte, so the gateway receives the caller's own Host.
//
// The proxy's port is chosen before the gateway starts, because the gateway's config contains it.

import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { generate } from "selfsigned";

export class Front {
  static async listen() {
    const front = new Front();
    const { private: key, cert } = await certificate();
    front.folder = await mkdtemp(join(tmpdir(), "passbridge-front-"));
    /** The certificate file that clients trust. */
    front.authority = join(front.folder, "authority.pem");
    await writeFile(front.authority, cert);
    front.server = createServer({ key, cert }, (caller) => front.#pass(caller));
    // A client that refuses the certificate reports that itself.
    front.server.on("tlsClientError", () => {});
    front.server.listen(0, "127.0.0.1");
    await once(front.server, "listening");
    front.domain = `localhost:${front.server.address().port}`;
    front.issuer = `https://${front.domain}/`;
    return front;
  }

  #open = new Set();

  /** Sets the target of new connections. */
  serve(gateway) {
    this.gateway = gateway;
  }

  async close() {
    for (const socket of this.#open) socket.destroy();
    this.server.close();
    await once(this.server, "close");
    await rm(this.folder, { recursive: true });
  }

  #pass(caller) {
    const { hostname, port } = new URL(this.gateway.url);
    const behind = connect(Number(port), hostname);
    for (const [from, to] of [[caller, behind], [behind, caller]]) {
      this.#open.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}

/** The settings by which each runtime trusts the proxy's certificate. */
export function trusting({ authority }) {
  return { NODE_EXTRA_CA_CERTS: authority, SSL_CERT_FILE: authority, REQUESTS_CA_BUNDLE: authority };
}

function certificate() {
  const extensions = [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
    { name: "extKeyUsage", serverAuth: true },
    { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
  ];
  return generate([{ name: "commonName", value: "localhost" }], { keyType: "ec", algorithm: "sha256", extensions });
}
