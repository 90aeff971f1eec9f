// Binary values as the providers encode them: one decoder for all alphabets, one encoder for each.

/** Bytes of base64 in either alphabet, padded or not. */
export function bytes(text) {
  if (typeof text !== "string" || !/^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/.test(text)) {
    throw new TypeError("not base64 of one alphabet");
  }
  return Buffer.from(text, "base64url");
}

/** Standard alphabet, padded (RFC 4648 section 4). */
export const base64 = (value) => Buffer.from(value).toString("base64");

/** URL-safe alphabet, not padded (RFC 4648 section 5). */
export const base64url = (value) => Buffer.from(value).toString("base64url");

/** The same bytes, URL-safe and not padded. */
export const toBase64url = (text) => base64url(bytes(text));
