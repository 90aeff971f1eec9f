//! # Passkeys from one form into another
//!
//! `passbridge credentials convert --from FORM --to FORM FILE` turns the records that providers and libraries keep of
//! passkeys into each other, and into the lines that `passbridge users import` takes:
//!
//! | form | what it is | read | written |
//! |---|---|---|---|
//! | `passbridge` | one user a line, with passkeys, as `users export` writes them | yes | yes |
//! | `authentication-methods` | a listing of a user's authentication methods, as `{"authentication_methods": [...]}` or as an array; keys as COSE, SubjectPublicKeyInfo or a bare point | yes | no: the form of its keys is not documented |
//! | `go-webauthn` | the `Credential` of the Go library, new or old spelling | yes | yes |
//! | `go-webauthn-rows` | rows of a table with that record in the column `credential`, and `user_id`, `credential_id`, `name`, `used_at` | yes | yes |
//! | `simplewebauthn` | `WebAuthnCredential`, with what the library's guide stores beside it | yes | yes |
//! | `webauthn-rs` | the serialised `Passkey` of versions 0.4 and 0.5 | yes | yes, but no Ed25519 keys |
//! | `ory` | an identity with passkeys as it is imported, alone, in a list or in a bulk import | yes | yes, with the preset schema for addresses; the user's id as `external_id` |
//! | `fusionauth` | the import request, keys in PEM | yes | yes, users named by UUID, no Ed25519 keys |
//!
//! The input is a JSON array, one document, or one record a line. Records whose form says nothing of the user need
//! `user_id` as a member beside their own; `user_handle`, `email` and `rp_id` are read there too, and written there.
//! A passkey returns the user handle it was made with at every sign-in without a name, so a line for `users import`
//! wants one: `record 3: refused: user_handle: ...` tells where it is missing.
//!
//! Public keys, ids, counters, transports, user handles and backup flags are kept. What gets lost is told on standard
//! error, one line for each record and member: `record 2: lost: attestationType: attestation is not kept`. A form
//! that has no word for "unknown" is given the cautious one, and that is told as well. Records that cannot be
//! converted are told and left out, and the exit code is 1; the others are written, all at once or not at all.
