// Cloudreve v4: every response is HTTP 200 with a `code`. A login begin names no user: the user handle,
// whose text is the user's id, identifies the user.
//
// As in the server itself, a login's session is not used up by its finish: the gateway must enforce
// single use. A registration is stored by user, and a second begin replaces the first.

import { randomUUID } from "node:crypto";
import { base64, base64url, bytes, toBase64url } from "./bytes.mjs";
import { Refused } from "./upstream.mjs";

export const provider = "apifox";
export const contentType = "application/json; charset=utf-8";
export const base = "/api/v4";
export const credentials = () => ({});
export const user = (user) => ({ handle: Buffer.from(user.id), ...user });

const OPERATIONS = {
  "PUT /api/v4/session/authn": "login.begin",
  "POST /api/v4/session/authn": "login.finish",
  "PUT /api/v4/user/authn": "registration.begin",
  "POST /api/v4/user/authn": "registration.finish",
  "DELETE /api/v4/user/authn": "credentials.delete",
  "GET /api/v4/user/setting": "credentials.list",
};

export const recognise = ({ method, path }) => OPERATIONS[`${method} ${path}`];

export function rejected(operation) {
  const text = operation === "login.finish" ? "Failed to validate login" : "Failed to finish registration";
  return refused(40025, text).answer;
}

export const serve = {
  "login.begin"({ party, ceremonies }) {
    const session = randomUUID();
    const ceremony = party.begin();
    ceremonies.set(session, ceremony);
    return ok({
      session_id: session,
      options: { publicKey: { challenge: base64url(ceremony.challenge), timeout: 300000, rpId: party.rpId } },
    });
  },

  async "login.finish"({ party, ceremonies }, { content }) {
    const ceremony = ceremonies.get(content.session_id);
    if (!ceremony) throw refused(404, "Session not found");
    const credential = JSON.parse(content.response);
    const user = party.users.find(({ handle }) => handle.equals(bytes(credential.response.userHandle)));
    if (!user) throw refused(40025, "Failed to validate login");
    await party.authenticate({ ...ceremony, user }, credential);
    const expires = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
    return ok({
      user: {
        id: user.id,
        email: user.email,
        nickname: user.name,
        created_at: user.createdAt.toISOString(),
        group: { id: "k8h2", name: "User", permission: "BQA=" },
        pined: [],
      },
      token: {
        access_token: party.issue(user),
        refresh_token: party.issue(user),
        access_expires: expires(3600),
        refresh_expires: expires(1209600),
      },
    });
  },

  "registration.begin"(upstream, request) {
    const { party, ceremonies } = upstream;
    const user = bearer(upstream, request);
    const ceremony = party.begin(user);
    ceremonies.set(user, ceremony);
    return ok({ publicKey: {
      rp: { name: "Cloudreve", id: party.rpId },
      user: { name: user.email, displayName: user.name, id: base64url(user.handle) },
      challenge: base64url(ceremony.challenge),
      pubKeyCredParams: [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8].map((alg) => ({ type: "public-key", alg })),
      timeout: 300000,
      excludeCredentials: party.passkeysOf(user).map(({ id, transports }) => ({ type: "public-key", id, transports })),
      authenticatorSelection: { requireResidentKey: true, userVerification: "preferred" },
    } });
  },

  async "registration.finish"(upstream, request) {
    const { party, ceremonies } = upstream;
    const user = bearer(upstream, request);
    const ceremony = ceremonies.get(user);
    if (!ceremony) throw refused(404, "Session not found");
    ceremonies.delete(user);
    const { response, name } = request.content;
    const shown = name.replaceAll("{os}", "Linux").replaceAll("{browser}", "Chromium");
    return ok(passkey(await party.register(ceremony, JSON.parse(response), undefined, shown)));
  },

  "credentials.list"(upstream, request) {
    const passkeys = upstream.party.passkeysOf(bearer(upstream, request)).map(passkey);
    return ok({
      language: "en-US",
      disable_view_sync: false,
      two_fa_enabled: false,
      ...(passkeys.length > 0 ? { passkeys } : {}),
    });
  },

  "credentials.delete"(upstream, request) {
    const user = bearer(upstream, request);
    const found = upstream.party.passkeysOf(user).find(({ id }) => base64(bytes(id)) === request.query.id);
    if (!found) throw refused(404, "Passkey not found");
    upstream.party.passkeys.delete(toBase64url(request.query.id));
    return ok();
  },
};

function passkey({ id, name, createdAt, usedAt }) {
  return {
    id: base64(bytes(id)),
    name,
    ...(usedAt ? { used_at: usedAt.toISOString() } : {}),
    created_at: createdAt.toISOString(),
  };
}

function ok(data) {
  return {
    content: { ...(data === undefined ? {} : { data }), code: 0, msg: "" },
    fields: { "cache-control": "private, no-cache" },
  };
}

function refused(code, msg) {
  return new Refused(200, { code, msg, correlation_id: randomUUID() }, { "cache-control": "private, no-cache" });
}

function bearer({ party }, { fields }) {
  const user = party.byToken(fields.authorization?.replace(/^Bearer /, ""));
  if (!user) throw refused(401, "Login required");
  return user;
}
