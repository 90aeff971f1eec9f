// Starts the imitation of a provider by its name.

import * as apifox from "./apifox.mjs";
import * as auth0 from "./auth0.mjs";
import * as flashback from "./flashback.mjs";
import * as quiva from "./quiva.mjs";
import * as streambird from "./streambird.mjs";
import { Upstream } from "./upstream.mjs";

const DIALECTS = { quiva, flashback, streambird, auth0, apifox };

export const PROVIDERS = Object.keys(DIALECTS);

/**
 * A listening imitation. `credentials` is what it requires of the gateway: `{ key }` at streambird,
 * `{ id, secret }` at auth0, nothing elsewhere; a user's bearer token is `addUser(...).token`.
 * @param {string} provider
 */
export function start(provider, terms = {}) {
  const dialect = DIALECTS[provider];
  const upstream = new Upstream(dialect, {
    rpId: "localhost",
    origins: ["http://localhost:8080"],
    userVerification: "preferred",
    ...terms,
  });
  upstream.credentials = dialect.credentials();
  return upstream.listen();
}
