//! # Learned passkeys and the readiness meter
//!
//! Most providers do not give the public keys of their users' passkeys away. But a passkey of the algorithm ES256
//! tells its key to whoever sees it sign: one signature leaves two keys, a second one decides. A route with
//! `learn_keys = "own"` lets the embedded upstream `own` watch the sign-ins that the route's upstream accepts:
//!
//! ```toml
//! [routes.app]
//! upstream = "old"          # does the work
//! learn    = "own"          # an embedded upstream, with the same rp_id and the origins of the app
//! ```
//!
//! [`gateway::learning`](crate::features::key_learning::observe) hands over what was accepted,
//! [`relying_party::learning`](crate::features::key_learning) makes something of it, beside the sign-in and never in
//! its way: what comes too fast is dropped and counted.
//!
//! # What it means, said out loud
//!
//! - **Trust.** The upstream's word is all the proof there is of whose passkey it is. Whoever could make the upstream
//!   accept two assertions for somebody else's account could sign in to that account here, later. The gateway adds
//!   its own care: the subject must be proved, the user must be named by the upstream or have been told to it, the
//!   assertion must be for this relying party and from one of its origins, and whatever disagrees with what was seen
//!   before (key, user, user handle, backup eligibility) ends what was known. But it cannot see what the upstream saw
//!   at the registration.
//! - **Users are one.** The same `user.id` at the route's upstream and in `own` is the same user. Do not point `learn_keys` at
//!   a directory whose users come from somewhere else.
//! - **Law.** A public key, a credential id and a user handle are personal data of your users, and the directory keeps
//!   them with the user's id and address from the first sign-in on. Whether your contract with the provider allows
//!   to keep what passes through, and whether you told your users, is for you to ask before you turn it on. It is off
//!   unless a route says so. `verify_against = "own"` keeps nothing of anybody who was not in the directory before.
//! - **Revocation.** A passkey that is deleted at the upstream through the gateway is forgotten here. One that is
//!   deleted past the gateway is not: move its user back, or delete it here as well.
//!
//! # States
//!
//! | state | after | can sign in here |
//! |---|---|---|
//! | unseen | nothing | no |
//! | one signature short | a first accepted signature: two keys are left, in very rare cases four | no |
//! | proven | a second one that agrees with exactly one of them | yes, with that key |
//! | not learnable | a signature that is none by ES256 (Ed25519, RSA) | no |
//! | unseen again | anything that contradicts; two more must agree, and the one that contradicted is none of them | no |
//!
//! An assertion that was seen before is no second one. A passkey that `own` made or that was imported is verified
//! and never changed by what is seen, except for its counter and its backup flags.
//!
//! # The meter
//!
//! `passbridge readiness`, and `/readiness` on the admin listener in JSON, tell for each embedded upstream how many of
//! those who were active in the last thirty days could be served there: by users and by sign-ins, as of now, and day
//! by day by what was known when each came. A user counts as proven when every passkey they used in that time is. It
//! is kept in thirty bytes a passkey and one row a day, and shows counts only. The page on the admin listener shows
//! the same in tables where a route learns or verifies.
