//! # Decisions
//!
//! **A provider is one file and no code.** The same description stands on both sides of a route, so code for
//! each side would be two halves kept inverse by discipline. *What would change our mind:* a provider whose
//! messages need a computation that no codec can say and that many users want.
//!
//! **`$each` and `$json` are the only reserved names, and `*` is a marker of its own.** A list needs three
//! kinds of absence (left out, `[]`, at least one), and a provider that writes `""` for an absent token is no
//! provider that writes `null`. Markers say it where it stands. *What would change our mind:* a provider whose
//! JSON uses names that begin with `$`.
//!
//! **An absent constant is tolerated in answers.** The providers' own documents mark most members optional, and
//! an answer that leaves out `success: true` is still an answer. Requests and faults are recognised by their
//! constants, so there they must stand. *What would change our mind:* an upstream that says failure by leaving
//! a constant out.
//!
//! **The caller gets a session handle of our own unless both sides are one provider.** Handles have forms (a
//! UUID at one provider, a sealed box at another), and one provider's handle in another's envelope would leak
//! who does the work. *What would change our mind:* nothing we know of.
//!
//! **The embedded relying party keeps no ceremonies.** What its finish needs of its begin is a text that the
//! gateway's store keeps as it keeps any upstream's session, so that exactly-once and expiry live in one place.
//! *What would change our mind:* use of the relying party without the gateway.
//!
//! **Ceremonies are kept in a bounded map of our own.** They expire in the order they came, nearly; a queue and
//! a map in sixteen shards say that in a page, and never hand out what expired. *What would change our mind:*
//! a store shared by several nodes, which then stands behind the same two functions.
//!
//! **A user is proved by a member, not by trust.** Where the caller named a user and the upstream could not be
//! told, the answer must name the same user by id or by e-mail address; an id token that came over our own
//! connection counts (OpenID Connect Core 3.1.3.7). A user that the config sets as a constant proves nothing.
//! Where an identity map stands between the sides, the answer is compared with the user that the map names.
//! *What would change our mind:* nothing we know of.
//!
//! **An identity map belongs to an upstream.** Who somebody is there does not depend on the road that leads there,
//! so every route to an upstream goes through the same map. What the caller says of the user is never told to that
//! upstream, and what the upstream says never to the caller: only the map leads across. *What would change our
//! mind:* two dialects in front of one upstream whose user ids collide; they want two upstreams of one address.
//!
//! **Names in queries are holes, as everywhere in the config.** `{user.id}` in SQL is bound as a parameter, the same
//! for every database; a hole within quotes would be text, so it is refused. *What would change our mind:* a wish for
//! more than the two names of a user in a query.
//!
//! **A map that cannot answer is `identity_unavailable`.** It is no upstream's fault, and a route that falls back
//! from one upstream to another must be able to tell the two apart. There is no rule that lets a request through
//! meanwhile: any name it could be sent under might be somebody else's. *What would change our mind:* nothing.
//!
//! **One name is one user, on both sides.** Two lines of a file that share a name are refused, also at the upstream:
//! two people merged into one user there could finish each other's ceremonies. For the same reason a user who is
//! named alike on both sides for want of an entry must be unknown the other way round too. *What would change our
//! mind:* a directory in which households share an account.
//!
//! **An operation that would make a useless passkey is not offered.** A dialect whose registration cannot tell
//! the user handle makes passkeys that an upstream with handles of its own will never accept; the check says
//! so, instead of registering them. *What would change our mind:* the user handle bridge.
//!
//! **One single-threaded runtime a core.** Nothing on the way of a request is shared but counters, and a
//! request pays no wake-up on another core: 30 against 49 microseconds a request on two cores in the
//! measurements that chose it. *What would change our mind:* handlers that compute for long.
//!
//! **Verification is our own small module.** It must take any challenge, RP id and COSE key, since it also
//! verifies what another provider issued; the libraries take only their own. It carries the specification's
//! step numbers and is held against others' vectors. *What would change our mind:* a library that takes all
//! three, Ed25519 among the algorithms.
//!
//! **A dialect whose callers ask for a session gets none unless asked.** Where callers may say how long a
//! session shall last and no token is promised, one who does not say would otherwise be handed a bearer it
//! never wanted. *What would change our mind:* a provider whose default is a session of its own length.
//!
//! **A 400 to a finish is a rejected passkey, where the provider has no other word.** The gateway wrote that
//! request itself, and well-formed.
//!
//! **The page to try it goes through the front door.** It makes a caller's request in the dialect and hands it to
//! the gateway like any other, and reads the options for the browser back from the caller's own answer, so what it
//! shows is what a caller gets. It is nobody special, but for the demo user's bearer, which opens the demo user
//! only. *What would change our mind:* a wish to try a real user's sign-in, which wants an origin of its own.
//!
//! **Learning and verifying are two keys.** `learn` computes keys and adds users; `verify` compares and counts. The
//! first needs a lawyer's yes and the second does not, so neither may come along with the other by accident; a
//! learning route verifies what is known already, which is why both at once are an error. Neither is a value of
//! `shadow`, since nobody else is asked. *What would change our mind:* a third thing to do with accepted sign-ins.
//!
//! **A contradiction ends everything, and is no beginning.** When an accepted sign-in disagrees with what was seen, one
//! of the two was wrong, and nothing says which. So both are dropped, and two more must agree: a poisoned record
//! heals by itself and is never proven on the way. *What would change our mind:* contradictions in the field that
//! come from something else than a wrong signature.
//!
//! **Keys are recovered with another library than verifies them.** The cryptographic library of the program has no
//! recovery. The arithmetic comes from the RustCrypto curves, and every key it finds must verify the signature in our
//! own verifier, so that a mistake in either finds no key instead of a wrong one. *What would change our mind:*
//! recovery in aws-lc-rs, which would leave no independent check, and so rather nothing.
//!
//! **Whether a user is proven is read from an index, not from memory.** An import, another replica on the same file and
//! a deletion all change it; a set in memory would have to hear of each, and the look takes microseconds on a thread
//! that is not the caller's. *What would change our mind:* a split that asks for it at every request of a busy route.
