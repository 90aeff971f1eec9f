-- The handle the passkey was made with, where that may not be the user's; of a learned one, where it is known.
ALTER TABLE credentials ADD COLUMN user_handle BLOB CHECK (length(user_handle) BETWEEN 1 AND 64);
-- Whether the key was computed from signatures that another upstream had accepted.
ALTER TABLE credentials ADD COLUMN learned INTEGER NOT NULL DEFAULT 0;

-- What sign-ins at another upstream showed of a passkey.
CREATE TABLE observed_credentials (
    id              BLOB    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1023),
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    rp_id           TEXT    NOT NULL,
    handle          TEXT,             -- the other upstream's own name for it, where it has one
    state           TEXT    NOT NULL CHECK (state IN ('candidates', 'proven', 'not_learnable', 'contradicted')),
    candidates      BLOB    NOT NULL, -- COSE keys, one after the other; none unless the state is that
    signed          BLOB    NOT NULL CHECK (length(signed) = 32), -- SHA-256 of what was signed last
    user_handle     BLOB    CHECK (length(user_handle) BETWEEN 1 AND 64), -- where an authenticator returned it
    sign_count      INTEGER NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
    user_verified   INTEGER NOT NULL,
    backup_eligible INTEGER NOT NULL,
    backup_state    INTEGER NOT NULL,
    first_seen_at   INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    recent          BLOB    NOT NULL CHECK (length(recent) = 30) -- sign-ins on that day, the day before, and so on
) STRICT;

CREATE INDEX observed_credentials_of_user ON observed_credentials (user_id);
CREATE INDEX observed_credentials_by_handle ON observed_credentials (handle) WHERE handle IS NOT NULL;
CREATE INDEX observed_credentials_by_last_seen ON observed_credentials (last_seen_at);

-- The sign-ins of a day and the users behind them, by what was known of the passkey when they came.
CREATE TABLE observed_days (
    day                    INTEGER NOT NULL PRIMARY KEY, -- since 1970
    proven_sign_ins        INTEGER NOT NULL DEFAULT 0,
    one_short_sign_ins     INTEGER NOT NULL DEFAULT 0,
    unseen_sign_ins        INTEGER NOT NULL DEFAULT 0,
    not_learnable_sign_ins INTEGER NOT NULL DEFAULT 0,
    proven_users           INTEGER NOT NULL DEFAULT 0,
    one_short_users        INTEGER NOT NULL DEFAULT 0,
    unseen_users           INTEGER NOT NULL DEFAULT 0,
    not_learnable_users    INTEGER NOT NULL DEFAULT 0,
    mismatched             INTEGER NOT NULL DEFAULT 0, -- accepted there, and not by what is known here
    ignored                INTEGER NOT NULL DEFAULT 0, -- for another relying party or page, or of nobody
    dropped                INTEGER NOT NULL DEFAULT 0  -- came faster than they could be noted
) STRICT;
