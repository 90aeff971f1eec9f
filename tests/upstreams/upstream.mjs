// The imitation of a provider on a real socket: it validates every request against the provider's schema,
// records it, and answers as the provider documents.
//
// Every violation, in a request of the gateway or in a response of the imitation, is recorded, and `close`
// throws it in the test.

import { once } from "node:events";
import { createServer } from "node:http";
import { breaches } from "./contract.mjs";
import { Rejected, RelyingParty } from "./relying_party.mjs";

/** A documented refusal. */
export class Refused extends Error {
  constructor(status, content, fields = {}) {
    super(`refused with ${status}`);
    this.answer = { status, content, fields };
  }
}

export class Upstream {
  /** Every request of an operation, in the order of arrival. */
  requests = [];
  violations = [];
  #instead = new Map();

  /**
   * @param {object} dialect what a provider's module exports: `provider`, `contentType`, `base`,
   *   `recognise(request)`, `serve[operation](upstream, request)`, `rejected(operation, message)`
   */
  constructor(dialect, terms) {
    this.dialect = dialect;
    this.party = new RelyingParty(terms);
    this.ceremonies = new Map();
  }

  async listen() {
    this.server = createServer((incoming, outgoing) => {
      this.#answer(incoming, outgoing).catch((error) => {
        this.violations.push(error.stack);
        outgoing.destroy();
      });
    });
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    this.url = this.origin + (this.dialect.base ?? "");
    return this;
  }

  addUser(user) {
    return this.party.addUser(this.dialect.user ? this.dialect.user(user) : user);
  }

  /** Registers a passkey without the gateway, as before the migration. */
  async enrol(user, authenticator) {
    const ceremony = this.party.begin(user);
    const options = creationOptions(this.party, ceremony);
    const credential = authenticator.createJSON(this.party.origins[0], options);
    return this.party.register(ceremony, credential, this.dialect.handle?.(), "enrolled before");
  }

  count(operation) {
    return this.requests.filter((request) => request.operation === operation).length;
  }

  last(operation) {
    return this.requests.findLast((request) => request.operation === operation);
  }

  /**
   * Replaces the response to the next request of an operation: a response `{ status, content, fields }`,
   * or `"hang up"`, which closes the connection without one, or `"drop the response"`, which does so after
   * the request was handled. The request is recorded in any case.
   */
  next(operation, instead) {
    this.#instead.set(operation, instead);
  }

  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
    if (this.violations.length > 0) throw new Error(`the contract was broken:\n${this.violations.join("\n")}`);
  }

  async #answer(incoming, outgoing) {
    const request = await read(incoming);
    const operation = this.dialect.recognise(request);
    if (!operation) {
      const document = this.dialect.documents?.(this, request);
      if (document) return write(outgoing, { status: 200, content: document }, "application/json");
      this.violations.push(`${this.dialect.provider} has no ${request.method} ${request.path}`);
      return write(outgoing, { status: 501, content: "no such operation" }, "text/plain");
    }
    this.requests.push({ operation, ...request });
    const found = breaches(this.dialect.provider, `${operation}.request`, request);
    if (found.length > 0) {
      this.violations.push(...found);
      return write(outgoing, { status: 501, content: found.join("\n") }, "text/plain");
    }
    const instead = this.#instead.get(operation);
    this.#instead.delete(operation);
    if (instead === "hang up") return incoming.socket.destroy();
    if (instead === "drop the response") {
      await this.#serve(operation, request);
      return incoming.socket.destroy();
    }
    return write(outgoing, instead ?? await this.#serve(operation, request), this.dialect.contentType);
  }

  async #serve(operation, request) {
    let answer, kind;
    try {
      answer = { status: 200, fields: {}, ...await this.dialect.serve[operation](this, request) };
      kind = `${operation}.response`;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Rejected)) throw error;
      answer = error.answer ?? this.dialect.rejected(operation, error.message);
      kind = "fault";
    }
    const fields = { ...answer.fields };
    if (answer.content !== undefined) fields["content-type"] = this.dialect.contentType;
    const message = { status: answer.status, fields };
    if (answer.content !== undefined) message.content = JSON.parse(JSON.stringify(answer.content));
    this.violations.push(...breaches(this.dialect.provider, kind, message));
    return answer;
  }
}

/** Creation options in the form of browsers; the library writes base64url. */
export function creationOptions(party, { challenge, user }) {
  return {
    challenge: challenge.toString("base64url"),
    rp: { id: party.rpId, name: party.rpId },
    user: { id: user.handle.toString("base64url"), name: user.email, displayName: user.name },
    pubKeyCredParams: [-7, -257].map((alg) => ({ type: "public-key", alg })),
    authenticatorSelection: { residentKey: "required", userVerification: party.userVerification },
  };
}

async function read(incoming) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const [path, query] = incoming.url.split("?", 2);
  const request = { method: incoming.method, path, fields: incoming.headers };
  if (query !== undefined) request.query = Object.fromEntries(new URLSearchParams(query));
  const text = Buffer.concat(chunks).toString("utf8");
  if (text !== "") request.content = JSON.parse(text);
  return request;
}

function write(outgoing, { status, content, fields = {} }, contentType) {
  const named = content === undefined ? fields : { "content-type": contentType, ...fields };
  outgoing.writeHead(status, named);
  outgoing.end(typeof content === "object" ? JSON.stringify(content) : content);
}
