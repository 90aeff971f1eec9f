CREATE TABLE users (
    id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
    handle       BLOB    NOT NULL UNIQUE CHECK (length(handle) BETWEEN 1 AND 64),
    email        TEXT,
    email_key    TEXT    UNIQUE, -- the address in lower case
    name         TEXT,
    display_name TEXT,
    profile      TEXT    NOT NULL, -- JSON
    created_at   INTEGER NOT NULL  -- seconds since 1970, as all times here
) STRICT;

CREATE TABLE credentials (
    -- Never used twice: a ceremony remembers the last one that existed when it began.
    serial          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 1023),
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    handle          TEXT    NOT NULL UNIQUE,
    rp_id           TEXT    NOT NULL,
    public_key      BLOB    NOT NULL, -- COSE
    sign_count      INTEGER NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
    transports      TEXT    NOT NULL, -- JSON
    uv_initialized  INTEGER NOT NULL,
    backup_eligible INTEGER, -- unknown where the place it was imported from did not keep it
    backup_state    INTEGER NOT NULL,
    aaguid          BLOB    CHECK (length(aaguid) = 16),
    name            TEXT,
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER
) STRICT;

CREATE INDEX credentials_of_user ON credentials (user_id);

CREATE TABLE signing_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    pkcs8      BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER -- it signs until then, and verifies a while longer
) STRICT;

CREATE UNIQUE INDEX one_key_signs ON signing_keys ((1)) WHERE retired_at IS NULL;

CREATE TABLE opaque_tokens (
    hash             BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the token
    kind             TEXT    NOT NULL CHECK (kind IN ('refresh', 'session')),
    family           BLOB    NOT NULL, -- names the sign-in it comes of
    user_id          TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id        TEXT,
    scope            TEXT,
    audience         TEXT,
    authenticated_at INTEGER NOT NULL,
    ends_at          INTEGER, -- when the whole sign-in does
    expires_at       INTEGER NOT NULL,
    used_at          INTEGER
) STRICT;

CREATE INDEX opaque_tokens_by_expiry ON opaque_tokens (expires_at);
CREATE INDEX opaque_tokens_by_family ON opaque_tokens (family);
CREATE INDEX opaque_tokens_of_user ON opaque_tokens (user_id);
