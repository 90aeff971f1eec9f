// The child process of support/client.mjs: answers calls one after another until its input ends.

import { createInterface } from "node:readline";

/**
 * @param {Record<string, (parameters: object) => Promise<unknown>>} calls the functions by name
 * @param {(error: Error) => { name: string, code: string, message: string }} describe the members of an error
 */
export async function answer(calls, describe) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { call, with: parameters } = JSON.parse(line);
    let reply;
    try {
      reply = { answer: (await calls[call](parameters)) ?? null };
    } catch (error) {
      reply = { error: describe(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}
