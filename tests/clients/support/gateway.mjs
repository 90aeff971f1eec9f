// The built binary with a config that `passbridge check` accepts.

import assert from "node:assert/strict";
import { Gateway } from "../../ceremonies/gateway.mjs";

/** A gateway for one suite; `stop` ends it. */
export async function serve(config, secrets) {
  const gateway = await Gateway.start(config, secrets);
  const { code, stdout, stderr } = await gateway.check();
  assert.equal(code, 0, `passbridge check ended with ${code}:\n${stdout}${stderr}`);
  return gateway;
}
