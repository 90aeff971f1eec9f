// The requests of Cloudreve v4's web client, and what it reads from responses.

import { base64, bytes } from "../../upstreams/bytes.mjs";
import { creationOptions, requestOptions } from "../options.mjs";

export const provider = "apifox";
export const prefix = "/api/v4";
export const succeeded = ({ status, content }) => status === 200 && content.code === 0;

const json = { "content-type": "application/json" };
const bearer = ({ token }) => ({ authorization: `Bearer ${token}` });

export const requests = {
  "login.begin": () => ({ method: "PUT", path: "/session/authn", fields: {} }),
  "login.finish": (user, { credential, begun }) => ({
    method: "POST", path: "/session/authn", fields: json,
    content: { response: asserted(credential), session_id: begun.data.session_id },
  }),
  "registration.begin": (user) => ({ method: "PUT", path: "/user/authn", fields: bearer(user) }),
  "registration.finish": (user, { credential }) => ({
    method: "POST", path: "/user/authn", fields: { ...json, ...bearer(user) },
    content: { response: attested(credential), name: "{os} {browser}", ua: "Mozilla/5.0 (X11; Linux x86_64) Chrome/156" },
  }),
  "credentials.list": (user) => ({ method: "GET", path: "/user/setting", fields: bearer(user) }),
  "credentials.delete": (user, { credential }) => ({
    method: "DELETE", path: "/user/authn", query: { id: base64(bytes(credential.id)) }, fields: bearer(user),
  }),
};

/** The web client sends an empty attestation with an assertion, and no extension results. */
function asserted({ id, rawId, type, response }) {
  return JSON.stringify({ id, rawId, type, response: { ...response, attestationObject: "" } });
}

function attested({ id, rawId, type, response: { clientDataJSON, attestationObject } }) {
  return JSON.stringify({ id, rawId, type, response: { clientDataJSON, attestationObject } });
}

export const reads = {
  "login.begin": ({ data }) => requestOptions(data.options.publicKey),
  "login.finish": ({ data: { user, token } }) => ({
    id: user.id, email: user.email, access: token.access_token, refresh: token.refresh_token,
  }),
  "registration.begin": ({ data }) => creationOptions(data.publicKey),
  "registration.finish": ({ data: { id, name } }) => ({ id: bytes(id).toString("base64url"), name }),
  "credentials.list": ({ data: { passkeys = [] } }) => passkeys.map(({ id, name }) => ({ id: bytes(id).toString("base64url"), name })),
};

export const fault = ({ status, content }) => ({ status, code: content.code, text: content.msg });

/** Every response is HTTP 200; these are the codes in the content. */
export const faults = { challenge_expired: 404, assertion_rejected: 40025, not_enabled: 40019 };
