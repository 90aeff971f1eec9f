// A client in its own process, as in an application: one line of JSON per call and per result.
//
// `{"call": NAME, "with": {...}}` is answered by `{"answer": ...}` or `{"error": {name, code, message}}`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** An error that the client reported. */
export class ClientError extends Error {
  constructor({ name, code, message }) {
    super(message);
    Object.assign(this, { name, code });
  }
}

export class Client {
  #lines;
  #log = "";

  /** @param {string[]} command the program and its arguments, @param {object} environment additional variables */
  constructor(command, environment) {
    const [program, ...rest] = command;
    const options = { env: { ...process.env, ...environment }, stdio: ["pipe", "pipe", "pipe"] };
    this.process = spawn(program, rest, options);
    this.process.stderr.setEncoding("utf8").on("data", (chunk) => (this.#log += chunk));
    // A failed write is detected by the missing answer.
    this.process.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async call(name, parameters = {}) {
    this.process.stdin.write(`${JSON.stringify({ call: name, with: parameters })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the client ended instead of answering:\n${this.#log}`);
    const { answer, error } = JSON.parse(value);
    if (error) throw new ClientError(error);
    return answer;
  }

  async end() {
    const { process } = this;
    if (process.exitCode === null && process.signalCode === null) {
      const ended = once(process, "exit");
      process.stdin.end();
      await ended;
    }
    if (process.exitCode !== 0) throw new Error(`the client ended with ${process.exitCode}:\n${this.#log}`);
  }
}
