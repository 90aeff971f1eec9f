// The requests of a flashback.tech client, and what it reads from responses.

import { base64url } from "../../upstreams/bytes.mjs";
import { creationOptions, requestOptions } from "../options.mjs";

export const provider = "flashback";
export const prefix = "";
export const succeeded = ({ status, content }) => status === 200 && content.success === true;

const json = { "content-type": "application/json" };
const bearer = ({ token }) => ({ authorization: `Bearer ${token}` });

export const requests = {
  "login.begin": (user) => ({ method: "POST", path: "/mfa/passkey/auth-options", fields: bearer(user) }),
  "login.finish": (user, { credential: { id, rawId, type, response } }) => ({
    method: "POST", path: "/mfa/verify-login", fields: { ...json, ...bearer(user) },
    content: { mfaType: "PASSKEY", credential: { id, rawId, type, response } },
  }),
  "registration.begin": (user) => ({
    method: "POST", path: "/mfa/setup", fields: { ...json, ...bearer(user) },
    content: { mfaType: "PASSKEY", deviceInfo: { name: "Laptop", type: "desktop" } },
  }),
  "registration.finish": (user, { credential: { id, rawId, type, response, clientExtensionResults }, begun }) => ({
    method: "POST", path: "/mfa/passkey/complete-registration", fields: { ...json, ...bearer(user) },
    content: {
      credential: {
        id, rawId, type,
        response: {
          clientDataJSON: response.clientDataJSON,
          attestationObject: response.attestationObject,
          clientExtensionResults,
        },
      },
      challenge: begun.data.challenge,
    },
  }),
  "credentials.delete": (user) => ({
    method: "POST", path: "/mfa/disable", fields: { ...json, ...bearer(user) }, content: { mfaType: "PASSKEY" },
  }),
};

export const reads = {
  "login.begin": ({ data }) => requestOptions(data),
  "login.finish": ({ fullAccessToken, refreshToken }) => ({ access: fullAccessToken, refresh: refreshToken }),
  // The response is flat: the client builds WebAuthn's options from it, with the algorithms that all browsers have.
  "registration.begin": ({ data: { challenge, rpID, rpName, userName, userId } }) => creationOptions({
    challenge,
    rp: { id: rpID, name: rpName },
    user: { id: base64url(userId), name: userName, displayName: userName },
    pubKeyCredParams: [-7, -257].map((alg) => ({ type: "public-key", alg })),
    authenticatorSelection: { residentKey: "required", userVerification: "preferred" },
  }),
  "registration.finish": () => ({}),
};

export const fault = ({ status, content }) => ({ status, text: content.error });

export const faults = { challenge_expired: 400, assertion_rejected: 400, not_enabled: 403 };
