// The requests of a quiva.ai client, and what it reads from responses.

import { base64, bytes } from "../../upstreams/bytes.mjs";
import { creationOptions, requestOptions } from "../options.mjs";

export const provider = "quiva";
export const prefix = "";
export const succeeded = ({ status }) => status === 200;

const json = { "content-type": "application/json" };
const bearer = ({ token }) => ({ authorization: `Bearer ${token}` });

export const requests = {
  "login.begin": ({ email, account }) => ({
    method: "POST", path: "/accounts/begin-auth-with-passkey", fields: json,
    content: { email, ...(account ? { account } : {}) },
  }),
  "login.finish": ({ email }, { credential }) => ({
    method: "POST", path: "/accounts/complete-auth-with-passkey", fields: json,
    content: { credential: JSON.stringify(credential), email },
  }),
  "registration.begin": (user) => ({
    method: "POST", path: "/accounts/begin-passkey-registration", fields: bearer(user),
  }),
  "registration.finish": (user, { credential }) => ({
    method: "POST", path: "/accounts/complete-passkey-registration", fields: { ...json, ...bearer(user) },
    content: { credential, credential_alias: "Laptop" },
  }),
  "credentials.delete": (user, { credential }) => ({
    method: "DELETE", path: "/accounts/passkey", fields: { ...json, ...bearer(user) },
    content: { id: base64(bytes(credential.id)) },
  }),
};

export const reads = {
  "login.begin": ({ data }) => requestOptions(data),
  "login.finish": ({ data }) => ({ access: data.auth_token, refresh: data.refresh_token }),
  "registration.begin": ({ data }) => creationOptions(data),
  "registration.finish": ({ data }) => ({ name: data.passkey.alias, id: bytes(data.passkey.id).toString("base64url") }),
};

/** The refusals that this client can distinguish. */
export const fault = ({ status, content }) => ({ status, text: content.error });

export const faults = {
  challenge_expired: { "login.finish": 401, "registration.finish": 400 },
  assertion_rejected: { "login.finish": 401, "registration.finish": 400 },
  not_enabled: 403,
};
