// OpenID Connect id tokens (Core 1.0 section 2), RS256, and the key set to check them with.

import { createHash, sign } from "node:crypto";

export function keySet({ publicKey }) {
  return { keys: [{ ...publicKey.export({ format: "jwk" }), alg: "RS256", use: "sig", kid: keyId(publicKey) }] };
}

export function idToken({ origin, credentials }, user, scopes) {
  const { privateKey, publicKey } = credentials.signing;
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: `${origin}/`,
    sub: user.id,
    aud: credentials.id,
    iat: now,
    exp: now + 36000,
    ...(scopes.includes("email") ? { email: user.email, email_verified: true } : {}),
    ...(scopes.includes("profile") ? { name: user.name } : {}),
  };
  const text = [{ alg: "RS256", typ: "JWT", kid: keyId(publicKey) }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
}

function keyId(publicKey) {
  return createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64url");
}
