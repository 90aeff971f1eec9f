// The built binary, running: a config of its own in a folder of its own, any free port.
//
// `start` runs `check` on the config first and fails where it does; `stop` asks it to end, and an end that
// is not clean fails. What it logged goes into the error.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const built = new URL("../../../target/debug/passbridge", import.meta.url);
const program = process.env.PASSBRIDGE ?? fileURLToPath(built);

/** What every config here begins with. */
export const LISTENERS = `
[server]
listen = "127.0.0.1:0"
workers = 1

[admin]
listen = "127.0.0.1:0"
`;

export class Gateway {
  /**
   * @param {string} config what stands in gateway.toml beside the listeners
   * @param {Record<string, string>} secrets what `env:NAME` finds
   */
  static async start(config, secrets = {}) {
    const gateway = new Gateway();
    gateway.folder = await mkdtemp(join(tmpdir(), "passbridge-clients-"));
    gateway.secrets = secrets;
    await writeFile(join(gateway.folder, "gateway.toml"), LISTENERS + config);
    try {
      await gateway.#check();
      await gateway.#serve();
    } catch (error) {
      await gateway.#remove();
      throw error;
    }
    return gateway;
  }

  async stop() {
    const { process } = this;
    if (process.exitCode === null && process.signalCode === null) {
      const ended = once(process, "exit");
      process.kill("SIGTERM");
      await ended;
    }
    await this.#remove();
    if (process.exitCode !== 0) throw new Error(`passbridge ended with ${process.exitCode}:\n${this.log}`);
  }

  async #check() {
    const check = this.#run("check");
    const report = text(check.stdout);
    const problems = text(check.stderr);
    const [code] = await once(check, "exit");
    this.report = await report;
    if (code !== 0) throw new Error(`passbridge check ended with ${code}:\n${await problems}`);
  }

  async #serve() {
    this.process = this.#run("serve");
    this.log = "";
    this.process.stderr.setEncoding("utf8").on("data", (chunk) => (this.log += chunk));
    for await (const line of createInterface({ input: this.process.stdout })) {
      const told = / on http:\/\/([^;]+);/.exec(line);
      if (told === null) continue;
      this.address = told[1];
      this.url = `http://${this.address}`;
      // The rest of the banner is read and dropped, so that the program never waits for a reader.
      this.process.stdout.resume();
      return;
    }
    throw new Error(`passbridge did not start:\n${this.log}`);
  }

  #run(command) {
    const environment = { PATH: process.env.PATH, PASSBRIDGE_LOG: "info", ...this.secrets };
    const options = { env: environment, stdio: ["ignore", "pipe", "pipe"] };
    return spawn(program, [command, "--config", join(this.folder, "gateway.toml")], options);
  }

  async #remove() {
    if (this.process?.exitCode === null && this.process.signalCode === null) this.process.kill("SIGKILL");
    await rm(this.folder, { recursive: true });
  }
}

async function text(stream) {
  let all = "";
  for await (const chunk of stream.setEncoding("utf8")) all += chunk;
  return all;
}
