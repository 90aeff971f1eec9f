// What each pair of dialect and upstream needs in the config, as `passbridge check` asks for it.
//
// People have the id `ada` and the address `ada@example.com` on both sides unless a pair says how
// else. Where an upstream's begin needs a user and the dialect names none, the route is for Ada alone.

import { documents } from "../upstreams/contract.mjs";

export const ADA = { id: "ada", email: "ada@example.com", name: "Ada" };
export const BOB = { id: "bob", email: "bob@example.com", name: "Bob" };

/** By upstream: what it is given on every route of another dialect. */
const UPSTREAM = {
  quiva: ["user.token = 'env:ADA_AT_UPSTREAM'"],
  flashback: ["user.token = 'env:ADA_AT_UPSTREAM'"],
  // Without a lifetime it makes no session, and gives no tokens.
  streambird: ["client.key = 'env:UPSTREAM_KEY'", "rp_id = 'localhost'", "session_lifetime = 3600"],
  auth0: [
    "client.id = 'CLIENT_ID'", "client.secret = 'env:UPSTREAM_SECRET'", "user.token = 'env:ADA_AT_UPSTREAM'",
    "scope = 'openid profile email offline_access'",
  ],
  apifox: ["user.token = 'env:ADA_AT_UPSTREAM'"],
};

const CREATED = ["user.name = 'Ada'", "user.created_at = 1700000000"];
const REGISTERED = "credential.created_at = 1700000000";
/** Its options are too flat to make WebAuthn's of them; it forgets every passkey at once. */
const FLASHBACK = ["registration.begin", "credentials.delete"];
/** Nor can WebAuthn's become such options without a bridge of user handles: its clients are told none. */
const BRIDGED = { handles: "handles.db", lacks: ["credentials.delete"] };
/** A passkey goes by a name of the upstream's own there, and by its id here. */
const NO_NAME = ["credentials.delete"];
const NAMED = "credential.name = 'Passkey'";

/** By pair: `set`, `fill`, `relax`, `issuer`, `handles`; `alone`: for Ada only; `lacks`: operations not carried. */
const PAIRS = {
  "quiva flashback": { relax: ["subject"], alone: true, lacks: FLASHBACK },
  "quiva streambird": { set: ["user.id = '{user.email}'"], upstreamId: ({ email }) => email, lacks: NO_NAME },
  "quiva auth0": { lacks: NO_NAME },

  "flashback quiva": { ...BRIDGED, set: [NAMED] },
  "flashback streambird": BRIDGED,
  "flashback auth0": BRIDGED,
  "flashback apifox": { ...BRIDGED, set: [NAMED] },
  "flashback embedded": BRIDGED,

  "streambird quiva": { set: ["user.email = '{user.id}@example.com'", NAMED], fill: ["user.id = 'ada'"] },
  "streambird flashback": {
    fill: ["user.id = 'ada'"], relax: ["subject", "allow_credentials"], alone: true, lacks: FLASHBACK,
  },
  "streambird auth0": { fill: ["user.id = 'ada'"], relax: ["allow_credentials"] },
  "streambird apifox": { set: [NAMED], fill: ["user.id = 'ada'"], relax: ["allow_credentials"] },

  "auth0 quiva": {
    set: ["user.email = 'ada@example.com'", NAMED], fill: ["user.id = 'ada'"], issuer: true, alone: true,
  },
  "auth0 flashback": { fill: ["user.id = 'ada'"], issuer: true, alone: true, lacks: FLASHBACK },
  "auth0 streambird": { set: ["user.id = 'ada'"], issuer: true, alone: true, lacks: ["credentials.delete"] },
  "auth0 apifox": { set: [NAMED], issuer: true },

  "apifox quiva": {
    set: ["user.email = 'ada@example.com'"], fill: ["user.id = 'ada'", ...CREATED, REGISTERED],
    issuer: true, alone: true,
  },
  "apifox flashback": {
    fill: ["user.id = 'ada'", ...CREATED, REGISTERED], issuer: true, alone: true, lacks: FLASHBACK,
  },
  "apifox streambird": {
    set: ["user.id = 'ada'"], fill: [...CREATED, REGISTERED], issuer: true, alone: true, lacks: NO_NAME,
  },
  "apifox auth0": { fill: ["user.created_at = 1700000000"], issuer: true, lacks: NO_NAME },
};

/** Operations on what the bearer's user has. */
const MANAGES = ["registration.begin", "registration.finish", "credentials.list", "credentials.delete"];

/** Everything a test wants to know of a pair. */
export function pair(dialect, upstream) {
  const needs = { set: [], fill: [], relax: [], lacks: [], ...PAIRS[`${dialect} ${upstream}`] };
  const same = dialect === upstream;
  const there = upstream === "embedded" ? [] : UPSTREAM[upstream];
  const general = there.filter((line) => !same || line.startsWith("client."));
  // A finish is nothing without its begin.
  const lacks = needs.lacks.flatMap((name) => [name, name.replace(".begin", ".finish")]);
  // Where the config says who the user is at the upstream, it says so of every caller.
  const oneUser = [...general, ...needs.set].some((line) => /^user\.(id|email|token) = '[^{]*'$/.test(line));
  const documented = (operation) => {
    return documents(dialect, operation) && (upstream === "embedded" || documents(upstream, operation));
  };
  const can = (operation) => documented(operation) && !lacks.includes(operation);
  return {
    ...needs,
    dialect, upstream, same, general, oneUser,
    /** Whether the pair can carry an operation at all. */
    can,
    /** Whether it does so without having been told that every caller acts as one user. */
    does: (operation) => can(operation) && (!oneUser || !MANAGES.includes(operation)),
    /** What it takes to look after passkeys where every caller acts as one user: that it is said. */
    knowingly: oneUser ? { relax: [...needs.relax, "one_user"] } : {},
    tolerates: needs.relax.includes("allow_credentials") ? NO_CREDENTIALS : undefined,
  };
}

/** Streambird promises at least one; a route may be told to promise less. */
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
${handles}
${map && 'identity = "users"'}
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

/** Another route to the same relying party, by which its users come to be. */
const SIGNUP = `
[routes.signup]
dialect = "auth0"
upstream = "own"
prefix = "/signup"
callers = { client = "anyone", user = "upstream" }
`;
