// Converts between the model's members and the browser's objects (WebAuthn Level 3, sections 5.4 and 5.5).
// Bytes are base64url without padding.

/** The requested session lifetime, in seconds. */
const SESSION = 3600;

/** Options for a new passkey. */
export function creationOptions(answer) {
  return {
    challenge: bytes(answer.challenge),
    timeout: answer.timeout,
    rp: { id: answer.rp_id, name: answer.rp_name },
    user: {
      id: bytes(answer["user.handle"]),
      name: answer["user.name"],
      displayName: answer["user.display_name"] ?? answer["user.name"],
    },
    pubKeyCredParams: answer.algorithms.map(({ type, alg }) => ({ type: type ?? "public-key", alg })),
    excludeCredentials: descriptors(answer.exclude_credentials),
    authenticatorSelection: {
      authenticatorAttachment: answer.attachment,
      residentKey: answer.resident_key,
      requireResidentKey: answer.require_resident_key,
      userVerification: answer.user_verification,
    },
    attestation: answer.attestation,
    hints: answer.hints,
  };
}

/** Options for signing in. */
export function requestOptions(answer) {
  return {
    challenge: bytes(answer.challenge),
    timeout: answer.timeout,
    rpId: answer.rp_id,
    allowCredentials: descriptors(answer.allow_credentials),
    userVerification: answer.user_verification,
    hints: answer.hints,
  };
}

/** A new credential as members of a finish. */
export function created(credential, answer) {
  const { response } = credential;
  return {
    ...common(credential, answer),
    challenge: answer.challenge,
    "credential.attestation_object": text(response.attestationObject),
    "credential.transports": response.getTransports?.() ?? [],
    "credential.name": "Made on the try page",
  };
}

/** An assertion as members of a finish. */
export function signed(credential, answer) {
  const { response } = credential;
  return {
    ...common(credential, answer),
    "credential.authenticator_data": text(response.authenticatorData),
    "credential.signature": text(response.signature),
    "credential.user_handle": response.userHandle ? text(response.userHandle) : "",
    session_lifetime: SESSION, // some dialects return tokens only if a session is requested
  };
}

/** A browser error in words, with what to do. */
export function explain(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "The browser returned no passkey: the prompt was cancelled or timed out, or there is no passkey yet. Register one first.";
    case "InvalidStateError":
      return "This device already has a passkey of the demo user. You can sign in.";
    case "SecurityError":
      return "The browser does not allow this passkey on a page at this address.";
    default:
      return error.message;
  }
}

function common(credential, answer) {
  return {
    session: answer.session ?? "",
    "user.id": answer["user.id"] ?? "",
    "credential.id": text(credential.rawId),
    "credential.type": credential.type,
    "credential.attachment": credential.authenticatorAttachment ?? "",
    "credential.client_data_json": text(credential.response.clientDataJSON),
    "credential.extension_results": {},
  };
}

function descriptors(list = []) {
  return list.map(({ id, type, transports }) => ({ id: bytes(id), type: type ?? "public-key", transports }));
}

function bytes(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
