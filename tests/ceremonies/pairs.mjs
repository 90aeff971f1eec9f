// What each pair of dialect and upstream needs in the config: `../pairs.toml`, and the credentials at the upstream.

import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { documents } from "../upstreams/contract.mjs";

export const ADA = { id: "ada", email: "ada@example.com", name: "Ada" };
export const BOB = { id: "bob", email: "bob@example.com", name: "Bob" };

const PAIRS = parse(readFileSync(new URL("../pairs.toml", import.meta.url), "utf8"));

/** Members set for every route to an upstream of another dialect. */
const UPSTREAM = {
  quiva: ["user.token = 'env:ADA_AT_UPSTREAM'"],
  flashback: ["user.token = 'env:ADA_AT_UPSTREAM'"],
  // Without a lifetime it creates no session and returns no tokens.
  streambird: ["client.key = 'env:UPSTREAM_KEY'", "rp_id = 'localhost'", "session_lifetime = 3600"],
  auth0: [
    "client.id = 'CLIENT_ID'", "client.secret = 'env:UPSTREAM_SECRET'", "user.token = 'env:ADA_AT_UPSTREAM'",
    "scope = 'openid profile email offline_access'",
  ],
  apifox: ["user.token = 'env:ADA_AT_UPSTREAM'"],
};

/** `name = value` for each member of a table. */
const lines = (table = {}) => Object.entries(table).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);

/** A pair's entry with the settings that only the ceremonies need. */
function entry(dialect, upstream) {
  const common = PAIRS[dialect][upstream] ?? {};
  const more = common.ceremonies ?? {};
  return {
    set: lines({ ...common.set, ...more.set }),
    fill: lines({ ...common.fill, ...more.fill }),
    relax: [...common.relax ?? [], ...more.relax ?? []],
    issuer: common.issuer,
    handles: common.handles ? "handles.db" : undefined,
    alone: common.one_user,
    lacks: common.unsupported ?? [],
    upstreamId: (user) => user[common.upstream_id ?? "id"],
  };
}

/** Operations on the passkeys of the bearer's user. */
const MANAGES = ["registration.begin", "registration.finish", "credentials.list", "credentials.delete"];

/** Everything a test needs to know about a pair. */
export function pair(dialect, upstream) {
  const needs = entry(dialect, upstream);
  const same = dialect === upstream;
  const there = upstream === "embedded" ? [] : UPSTREAM[upstream];
  const general = there.filter((line) => !same || line.startsWith("client."));
  // A finish needs its begin.
  const lacks = needs.lacks.flatMap((name) => [name, name.replace(".begin", ".finish")]);
  // A literal user in the config is the user of every caller.
  const oneUser = [...general, ...needs.set].some((line) => /^user\.(id|email|token) = ['"][^{]*['"]$/.test(line));
  const documented = (operation) => {
    return documents(dialect, operation) && (upstream === "embedded" || documents(upstream, operation));
  };
  const can = (operation) => documented(operation) && !lacks.includes(operation);
  return {
    ...needs,
    dialect, upstream, same, general, oneUser,
    /** Whether the pair supports an operation. */
    can,
    /** Whether it supports it without the route accepting that every caller acts as one user. */
    does: (operation) => can(operation) && (!oneUser || !MANAGES.includes(operation)),
    /** What managing passkeys needs where every caller acts as one user: the route must accept that. */
    acceptingOneUser: oneUser ? { relax: [...needs.relax, "one_user"] } : {},
    tolerates: needs.relax.includes("allow_credentials") ? NO_CREDENTIALS : undefined,
  };
}

/** Streambird documents at least one; `relax` allows none. */
const NO_CREDENTIALS = /allowCredentials must NOT have fewer than 1 items/;

/** The upstream's and the route's tables. */
export function config(setting, { url, clientId }, callers) {
  const { dialect, upstream, general, set, fill, relax, issuer, watch, party = "", route = "", map = "" } = setting;
  const handles = setting.handles ? `handles = "${setting.handles}"` : "";
  const own = `[upstreams.own]
provider = "embedded"
rp_id = "localhost"
origins = ["http://localhost:8080"]
database = "own.db"
${upstream === "embedded" ? handles : ""}
${party}
`;
  const there = upstream === "embedded" ? own : `[upstreams.there]
provider = "${upstream}"
base_url = "${url}"
${map && 'identity = "users"'}
${handles}
[upstreams.there.set]
${general.join("\n").replace("CLIENT_ID", clientId)}
${issuer || watch ? own : ""}`;
  return `${map}${there}
[routes.front]
dialect = "${dialect}"
upstream = "${upstream === "embedded" ? "own" : "there"}"
prefix = "${dialect === "apifox" ? "/api/v4" : ""}"
callers = ${callers}
relax = ${JSON.stringify(relax)}
${issuer ? 'issuer = "own"' : ""}
${watch ? `${watch} = "own"` : ""}
${route}
[routes.front.set]
${set.join("\n")}
[routes.front.fill]
${fill.join("\n")}
${upstream === "embedded" ? SIGNUP : ""}`;
}

/** Another route to the same relying party, for signing users up. */
const SIGNUP = `
[routes.signup]
dialect = "auth0"
upstream = "own"
prefix = "/signup"
callers = { client = "anyone", user = "upstream" }
`;
