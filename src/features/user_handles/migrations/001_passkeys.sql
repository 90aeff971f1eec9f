-- A passkey, and the user handle that each side knows it by.
CREATE TABLE passkeys (
    -- Names one claim of a passkey: a later claim of the same id is another one.
    serial          INTEGER PRIMARY KEY AUTOINCREMENT,
    credential_id   BLOB NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    upstream_handle BLOB NOT NULL CHECK (length(upstream_handle) BETWEEN 1 AND 64),
    -- NULL where nobody could tell it: the authenticator has one that is not known.
    caller_handle   BLOB CHECK (length(caller_handle) BETWEEN 1 AND 64),
    -- Empty where nobody said.
    rp_id           TEXT NOT NULL,
    -- A JSON array, for lists of excluded credentials.
    transports      TEXT NOT NULL,
    -- What the upstream calls it, where that was told.
    name            TEXT,
    -- 1 until the upstream is known to have the passkey.
    is_pending      INTEGER NOT NULL CHECK (is_pending IN (0, 1)),
    -- Of a pending one, its COSE key: only a sign-in that this key verifies is about the row.
    pending_key     BLOB,
    added_at        INTEGER NOT NULL
) STRICT;

CREATE INDEX passkeys_by_upstream_handle ON passkeys (upstream_handle);
CREATE INDEX passkeys_by_caller_handle ON passkeys (caller_handle);
CREATE INDEX passkeys_by_name ON passkeys (name);
