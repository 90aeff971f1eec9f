// WebAuthn's options from a provider's response, in the form for an authenticator: base64url, and no
// additional members.

import { toBase64url } from "../upstreams/bytes.mjs";

const descriptors = (list) => list?.map((one) => ({ type: "public-key", ...one, id: toBase64url(one.id) }));

/** PublicKeyCredentialRequestOptionsJSON. */
export function requestOptions(given) {
  return {
    ...given,
    challenge: toBase64url(given.challenge),
    // An empty list means no list: any discoverable passkey may be used.
    allowCredentials: given.allowCredentials?.length > 0 ? descriptors(given.allowCredentials) : undefined,
  };
}

/** PublicKeyCredentialCreationOptionsJSON. */
export function creationOptions(given) {
  return {
    ...given,
    challenge: toBase64url(given.challenge),
    user: { ...given.user, id: toBase64url(given.user.id) },
    excludeCredentials: descriptors(given.excludeCredentials),
  };
}
