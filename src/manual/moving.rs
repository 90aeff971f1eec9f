//! # Moving step by step
//!
//! A route sends everybody to its `upstream`, but for those whom a policy sends elsewhere: a list before a rule, a
//! rule before the split. A finish goes to whoever began it, also after a reload, and a token to whoever made it; so
//! every step can be taken back by writing the line before and sending `SIGHUP`.
//!
//! ```toml
//! [gateway]
//! hash_key = "env:HASH_KEY"                  # the same on every replica: it decides whose turn it is
//!
//! [routes.ios_app]                           # dialect, hosts and callers as ever
//! upstream = "old"                           # everybody else
//! learn    = "own"                           # every sign-in teaches the embedded relying party
//! tell     = true                            # answers say `Passbridge-Upstream`, `-Reason` and `-Config`
//! lists    = { old = "rolled_back.users" }   # one `user.id`, `user.email` or `account` a line; `#` comments
//! fallback = { on = ["unknown_user", "upstream_unavailable"], to = ["own"] }
//! shadow   = { upstream = "own", percent = 5 }
//!
//! [routes.ios_app.choose.team]               # rules go by `order`, then by name; the first that holds decides
//! upstream = "own"
//! when     = { account = ["acme"] }          # or: header = { name = "x-cohort", values = ["beta"] }
//!
//! [routes.ios_app.split]
//! to.own = { percent = 10, only = "proven" } # or just: to.own = 10
//! ```
//!
//! 1. **Look.** `shadow` tries the begin of a login at another upstream after the caller was answered, and
//!    `/shadow` on the admin listener says which members would differ, and how often. `learn_keys` and `/readiness` say
//!    for how many users the embedded relying party could do the work.
//! 2. **Move some.** Raise the percentage: only users whose turn it is move, the same ones on every replica and
//!    after every restart. `only = "proven"` leaves those at `upstream` whom the new one could not verify yet.
//! 3. **Step back.** Lower it, or pin one user by a list. A list is read again with the config; one value in two
//!    lists is an error, and leaves what is loaded in force.
//! 4. **Move the rest**, then name the new upstream as `upstream`, and take the old one out.
//!
//! Whom a begin names is what the caller's verified token says, else what the request says: `user.id`, then
//! `user.email`, or what `split.by` lists. A begin that names nobody is known again by the field that `split.header`
//! names, else by a signed cookie with `split.cookie = true`, else it goes to `upstream`. Who may write a header
//! field may choose an upstream by it; both are fit to serve, so that harms nobody.
//!
//! The access line says `upstream`, `reason` and `config` (how often one was loaded before, and a hash of file,
//! environment and lists); `/metrics` counts decisions and shadows. `passbridge check` proves every way on its own.
