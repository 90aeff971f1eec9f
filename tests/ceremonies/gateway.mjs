// The built binary as a child process, with its own config and ports.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const BINARY = process.env.PASSBRIDGE ?? fileURLToPath(new URL("../../target/debug/passbridge", import.meta.url));
const SERVES = /serves .* on (http:\/\/\S+); health on (http:\/\/\S+)\/healthz/;

/** The start of every config: any free ports. */
export const PORTS = `[server]\nlisten = "127.0.0.1:0"\nworkers = 2\n[admin]\nlisten = "127.0.0.1:0"\n`;

export class Gateway {
  /** The log so far. */
  log = "";

  /**
   * Serves a config; fails with the program's output if it does not start.
   * @param {string} toml the config without ports
   * @param {Record<string, string>} secrets values of its `env:NAME` references
   */
  static async start(toml, secrets = {}) {
    const gateway = new Gateway();
    gateway.folder = await mkdtemp(join(tmpdir(), "passbridge-"));
    gateway.config = join(gateway.folder, "gateway.toml");
    gateway.secrets = secrets;
    await writeFile(gateway.config, PORTS + toml);
    gateway.child = spawn(BINARY, ["--config", gateway.config], { env: { ...process.env, ...secrets } });
    gateway.child.stderr.setEncoding("utf8").on("data", (text) => {
      gateway.log += text;
      if (process.env.SHOW_LOG) process.stderr.write(text);
    });
    const [, url, admin] = await gateway.#banner().catch(async (error) => {
      await rm(gateway.folder, { recursive: true });
      throw error;
    });
    Object.assign(gateway, { url, admin });
    return gateway;
  }

  /** The result of `passbridge check`: `{ code, stdout, stderr }`. */
  check(...options) {
    return run(["check", "--config", this.config, ...options], this.secrets);
  }

  /** Adds passkeys to the file of user handles: objects of `credential_id`, `upstream_handle`, `caller_handle`. */
  async importHandles(lines) {
    const file = join(this.folder, "handles.jsonl");
    await writeFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
    return run(["handles", "import", file, "--config", this.config], this.secrets);
  }

  async stop() {
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
    await rm(this.folder, { recursive: true });
  }

  #banner() {
    return new Promise((resolve, reject) => {
      let output = "";
      this.child.stdout.setEncoding("utf8").on("data", (text) => {
        output += text;
        const found = output.match(SERVES);
        if (found) resolve(found);
      });
      this.child.once("exit", (code) => reject(new Error(`passbridge ended with ${code}:\n${output}${this.log}`)));
    });
  }
}

/** Runs a command of the program and waits for its end. */
export async function run(args, secrets = {}) {
  try {
    const { stdout, stderr } = await promisify(execFile)(BINARY, args, { env: { ...process.env, ...secrets } });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return { code: error.code, stdout: error.stdout, stderr: error.stderr };
  }
}
