//! # User handles that survive a move
//!
//! A passkey keeps the user handle it was born with: what `user.id` was at its registration, its authenticator returns
//! as `userHandle` at every sign-in. Neither stands in what is signed. So a passkey that an upstream has taken over
//! from somebody else returns a handle that the upstream never gave, and is refused, or is taken for another user's.
//!
//! ```toml
//! [upstreams.new]
//! handles = "handles.db"       # SQLite, made when missing; relative to the directory of the config
//! ```
//!
//! The file has a row for each passkey: credential id, the upstream's user handle, the handle that the authenticator
//! has (or nothing, where nobody can know), the relying party. By it, and never by what a client claims:
//!
//! | operation | what happens |
//! |---|---|
//! | `login.finish` | the upstream is told its own handle for the passkey. One that is not in the file was born at the upstream, and passes on as it is. Another handle than the recorded one is `assertion_rejected` |
//! | `registration.begin`, `signup.begin` | the client gets the handle that its user has on its side already, so that the account is one; `exclude_credentials` is completed with the user's passkeys, since a new one with the same handle would take an old one's place on its authenticator |
//! | `registration.finish`, `signup.finish` | the passkey is written down before the upstream is asked. A definite refusal takes it out again, a success confirms it, and where the answer got lost it waits: the first sign-in confirms it |
//! | `credentials.delete` | the row goes when the upstream has deleted the passkey |
//!
//! **A dialect whose registration has no place for the handle** makes the client choose one. Before an upstream that
//! chooses it too, such passkeys would never sign in, so `check` does not let them be made; with `handles` it does,
//! because the row says by the passkey's id whose it is. What the client chose stays unknown, so it is not compared.
//! Where such a dialect has no place for `exclude_credentials` either, `check` says that it gets lost: a second
//! registration on the same authenticator then takes the first one's place, as it did at the old provider.
//!
//! **Moving.** Import the passkeys before the first user signs in by way of the upstream:
//!
//! ```sh
//! passbridge handles import handles.csv      # --help tells the columns; one bad line, and nothing is imported
//! ```
//!
//! ```csv
//! credential_id,upstream_handle,caller_handle,rp_id
//! 9yqGaXRc0Lk,dXNlcl8yNHdG,YWRh,example.com
//! ```
//!
//! Import also those passkeys of moved users that only the old provider knows: they are excluded from then on, and so
//! survive a registration at the new one, should a user be sent back.
//!
//! A passkey that was deleted at the upstream behind the gateway's back stays excluded, until
//! `passbridge handles forget CREDENTIAL_ID`. `/metrics` counts `passbridge_user_handles_total` by outcome: `mapped`,
//! `as_it_came` (not in the file), `refused`, `registered`, `unanswered`.
//!
//! The file belongs to one upstream and to one machine: replicas on others do not see what is registered here. While
//! it cannot be asked, finishes and registrations are refused, since any handle sent meanwhile might be another one's.
