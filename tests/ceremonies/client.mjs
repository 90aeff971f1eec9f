// A client of one dialect over a real socket. It validates its own requests and every response against
// the dialect's schema, so that tests need not.

import assert from "node:assert/strict";
import { breaches } from "../upstreams/contract.mjs";
import * as apifox from "./dialects/apifox.mjs";
import * as auth0 from "./dialects/auth0.mjs";
import * as flashback from "./dialects/flashback.mjs";
import * as quiva from "./dialects/quiva.mjs";
import * as streambird from "./dialects/streambird.mjs";

export const DIALECTS = { quiva, flashback, streambird, auth0, apifox };

/** The fault messages for callers. Each dialect adds its own status or code. */
export const TEXTS = {
  challenge_expired: "The challenge is unknown, was used already, or has expired.",
  assertion_rejected: "The passkey could not be verified.",
  not_enabled: "Passkeys are not enabled for this operation.",
};

export class Client {
  /**
   * @param {string} dialect
   * @param {string} base such as `http://127.0.0.1:8080`, with the prefix of the dialect's paths
   * @param {{ tolerates?: RegExp }} matches schema violations that a route's `relax` permits
   */
  constructor(dialect, base, { tolerates = /^$/ } = {}) {
    this.dialect = DIALECTS[dialect];
    this.base = base;
    this.tolerates = tolerates;
  }

  /** Sends the dialect's request of an operation. `given` has its values. */
  ask(operation, user, given = {}) {
    return this.send(operation, this.dialect.requests[operation](user, given));
  }

  /** Sends a request as it is; the response must match the schema of `operation`. */
  async send(operation, request) {
    const { provider } = this.dialect;
    assert.deepEqual(breaches(provider, `${operation}.request`, request), [], "the test's own request");
    return this.sendAnyhow(operation, request);
  }

  /** The same for a request that no schema describes. */
  async sendAnyhow(operation, { method, path, query, fields, content }) {
    const { provider } = this.dialect;
    const search = query ? `?${new URLSearchParams(query)}` : "";
    const response = await fetch(`${this.base}${path}${search}`, {
      method,
      headers: fields,
      body: content === undefined ? undefined : JSON.stringify(content),
    });
    const text = await response.text();
    const answer = { status: response.status, fields: Object.fromEntries(response.headers) };
    if (text !== "") answer.content = JSON.parse(text);
    const ok = this.dialect.succeeded(answer);
    const found = breaches(provider, ok ? `${operation}.response` : "fault", answer);
    assert.deepEqual(found.filter((breach) => !this.tolerates.test(breach)), [], `the answer to ${operation}: ${text}`);
    return { operation, ok, ...answer };
  }

  /** The members that the dialect's client reads from a success. */
  read(answer) {
    assert.ok(answer.ok, `${answer.operation}: ${answer.status} ${JSON.stringify(answer.content)}`);
    return this.dialect.reads[answer.operation](answer.content);
  }

  /** Asserts that a response has the dialect's own form of a fault. */
  refused(answer, fault) {
    assert.ok(!answer.ok, `${answer.operation} should be refused with ${fault}: ${JSON.stringify(answer.content)}`);
    const seen = this.dialect.fault(answer);
    const expected = this.dialect.faults[fault];
    const sign = typeof expected === "object" ? expected[answer.operation] : expected;
    assert.equal(this.dialect.provider === "apifox" ? seen.code : seen.status, sign, JSON.stringify(answer.content));
    assert.equal(seen.text, TEXTS[fault]);
  }

  async login(user, authenticator) {
    const begun = await this.ask("login.begin", user);
    const credential = authenticator.get(this.read(begun));
    return this.ask("login.finish", user, { credential, begun: begun.content });
  }

  /** Registers a passkey: the finish's response, and the credential as the authenticator returned it. */
  async register(user, authenticator, kind = "registration") {
    const begun = await this.ask(`${kind}.begin`, user);
    const credential = authenticator.create(this.read(begun));
    const finished = await this.ask(`${kind}.finish`, user, { credential, begun: begun.content });
    return { finished, credential };
  }
}
