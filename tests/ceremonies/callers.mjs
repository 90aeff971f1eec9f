// The callers: the credentials that a route requires of each dialect's callers, and the tokens that the tests sign.

import { createHmac, randomBytes } from "node:crypto";

const ISSUER = "https://app.example/";
const AUDIENCE = "passbridge";

/** Which kinds of caller each dialect's operations have. */
const KINDS = {
  quiva: ["open", "user"],
  flashback: ["user"],
  streambird: ["key"],
  auth0: ["client", "user"],
  apifox: ["open", "user"],
};

export class Callers {
  key = randomBytes(24).toString("hex");
  client = { id: "app", secret: randomBytes(24).toString("hex") };
  #shared = randomBytes(48).toString("base64url");

  /** @param {boolean} verifiedByUpstream whether the upstream verifies the users' bearer tokens */
  constructor(dialect, verifiedByUpstream) {
    this.dialect = dialect;
    this.verifiedByUpstream = verifiedByUpstream;
  }

  /** The value of `callers` in the config. */
  toml() {
    const jwt = `{ jwt = { key = "env:CALLER_JWT_KEY", algorithms = ["HS256"], issuer = "${ISSUER}",`
      + ` audience = "${AUDIENCE}", claims = { "user.id" = "sub", "user.email" = "email" } } }`;
    const answers = {
      open: `open = "anyone"`,
      key: `key = ["env:CALLER_KEY"]`,
      client: `client = { ${this.client.id} = "env:CALLER_SECRET" }`,
      user: `user = ${this.verifiedByUpstream ? '"upstream"' : jwt}`,
    };
    return `{ ${KINDS[this.dialect].map((kind) => answers[kind]).join(", ")} }`;
  }

  secrets() {
    return { CALLER_KEY: this.key, CALLER_SECRET: this.client.secret, CALLER_JWT_KEY: this.#shared };
  }

  /** A bearer token by which the gateway identifies the user. */
  token({ id, email }) {
    const now = Math.floor(Date.now() / 1000);
    const parts = [
      { alg: "HS256", typ: "JWT" },
      { iss: ISSUER, aud: AUDIENCE, sub: id, email, iat: now, exp: now + 600 },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const mac = createHmac("sha256", this.#shared).update(parts.join("."));
    return [...parts, mac.digest("base64url")].join(".");
  }
}
