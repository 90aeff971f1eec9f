// The requests of a Streambird client, and what it reads from responses; its browser part is webauthn-json.

import { creationOptions, requestOptions } from "../options.mjs";

export const provider = "streambird";
export const prefix = "";
export const succeeded = ({ status }) => status === 200;

const fields = ({ key }) => ({ "content-type": "application/json", authorization: `Bearer ${key}` });

export const requests = {
  "login.begin": (user) => ({
    method: "POST", path: "/v1/auth/webauthn/authentication/begin", fields: fields(user),
    content: { domain: "localhost", user_id: user.id },
  }),
  "login.finish": (user, { credential }) => ({
    method: "POST", path: "/v1/auth/webauthn/verify", fields: fields(user),
    content: { public_key_credential: asserted(credential), session_expires_in: 60 },
  }),
  "registration.begin": (user) => ({
    method: "POST", path: "/v1/auth/webauthn/registrations/begin", fields: fields(user),
    content: { domain: "localhost", user_id: user.id, authenticator_type: "platform" },
  }),
  "registration.finish": (user, { credential }) => ({
    method: "POST", path: "/v1/auth/webauthn/registrations/create", fields: fields(user),
    content: { public_key_credential: attested(credential), user_id: user.id },
  }),
  "credentials.delete": ({ key }, { registered }) => ({
    method: "DELETE",
    path: `/v1/auth/users/webauthn_credentials/${encodeURIComponent(registered.webauthn_credential_id)}/delete`,
    fields: { authorization: `Bearer ${key}` },
  }),
};

/** webauthn-json writes `userHandle: null` if the authenticator returns none. */
function asserted({ id, rawId, type, authenticatorAttachment, response, clientExtensionResults }) {
  return {
    type, id, rawId, authenticatorAttachment,
    response: { ...response, userHandle: response.userHandle ?? null },
    clientExtensionResults,
  };
}

function attested({ id, rawId, type, authenticatorAttachment, response, clientExtensionResults }) {
  return {
    type, id, rawId, authenticatorAttachment,
    response: {
      clientDataJSON: response.clientDataJSON,
      attestationObject: response.attestationObject,
      transports: response.transports,
    },
    clientExtensionResults,
  };
}

export const reads = {
  "login.begin": ({ public_key_credential_request_options: { publicKey } }) => requestOptions(publicKey),
  "login.finish": ({ user_id: id, session_jwt: access, webauthn_credential_id: handle }) => ({ id, access, handle }),
  "registration.begin": ({ public_key_credential_creation_options: { publicKey } }) => creationOptions(publicKey),
  "registration.finish": ({ user_id: user, webauthn_credential_id: handle }) => ({ user, handle }),
};

export const fault = ({ status, content }) => ({ status, code: content.error_type, text: content.error_message });

export const faults = { challenge_expired: 400, assertion_rejected: 400, not_enabled: 402 };
