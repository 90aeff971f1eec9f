// The other half of support/client.mjs: answers one call after the other until there are no more.

import { createInterface } from "node:readline";

/**
 * @param {Record<string, (parameters: object) => Promise<unknown>>} calls what can be called
 * @param {(error: Error) => { name: string, code: string, message: string }} describe what an error tells
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
