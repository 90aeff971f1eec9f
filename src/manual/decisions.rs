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
//! an index in sixteen shards say that in a page, and never hand out what expired. The shard is chosen by a hash of
//! the challenge: an upstream whose challenges all end alike would fill one. While it waits a ceremony is packed,
//! for to touch memory that nobody touched before costs more than to fill it. *What would change our mind:* a
//! store shared by several nodes, which then stands behind the same functions.
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
//! **PostgreSQL speaks text.** Names are bound as text and columns are read as text, so a query casts what is kept as
//! something else, and a column that is none is refused with the cast to write. A parameter whose type the server
//! chose would turn a caller's odd name into an error of the database, and so into an outage. To another machine TLS
//! is spoken, with a proved certificate, unless `sslmode=disable` says otherwise; the library's own default would
//! give way to whoever stands between. A server that is away when the config is loaded is a warning, since a
//! gateway that restarts meanwhile must come back for everybody else. *What would change our mind:* a wish to keep
//! ids as `uuid` in a query's own index without an index on the cast.
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
//! so, instead of registering them, unless the upstream's `handles` lets them be known again. *What would change our
//! mind:* nothing we know of.
//!
//! **User handles are translated by credential id.** The handle stands outside of the signature and the id is what
//! the upstream verifies by, so only the id can say whose passkey it is. At a registration the id is the attested
//! one: a client could name another's beside it. A handle that differs from a recorded one is refused although the
//! upstream would hear the right one; nobody honest sends it. On a private route the upstream is asked all the same,
//! because a quicker refusal would tell that the passkey is known. *What would change our mind:* authenticators that
//! change handles (`signalCurrentUserDetails` changes names only).
//!
//! **A claim that nobody answered counts only for who holds its key.** A finish whose answer got lost leaves a row,
//! and so would a finish that names somebody else's passkey and times out. So the row keeps the attested key until it
//! is confirmed, and is believed only for a sign-in which that key verifies. A key of an algorithm that we cannot
//! verify is never believed while it waits. Such rows are not excluded from registrations either: the user was told
//! of a failure and tries again, and must not find an authenticator barred by a passkey that nobody knows. *What would
//! change our mind:* upstreams that can be asked whether they have a credential.
//!
//! **The file of handles is written through.** A row that a power cut takes back is a passkey lost, so each is on
//! disk before the upstream is asked; registrations are few. The directory goes without: there the passkey and the
//! row are one. *What would change our mind:* nothing.
//!
//! **A user handle is one user's, also across the two sides.** Where the upstream's own handle of a user is what the
//! clients of another know, a new passkey with it would replace the other's on a shared authenticator. So that user
//! is given a random one. *What would change our mind:* nothing.
//!
//! **One single-threaded runtime a core.** Nothing on the way of a request is shared but counters, and a
//! request pays no wake-up on another core: 30 against 49 microseconds a request on two cores in the
//! measurements that chose it. *What would change our mind:* handlers that compute for long.
//!
//! **A plain request has a short way past the HTTP library.** Nearly every request is one small message of known
//! length that arrives in one piece. Reading and answering it by ourselves saves 7,000 of 73,000 instructions and
//! all 16 KiB of buffers of a connection that waits. It is safe because it is narrow: whatever is chunked, upgraded,
//! long, in doubt or malformed is the library's from its first byte, so no rule of HTTP is decided in two places.
//! *What would change our mind:* a library whose idle connections cost as little.
//!
//! **A request is shown to the gateway, not handed over.** It is 300 bytes, and an `async fn` keeps what it is given
//! twice: as it came and as it is used. With messages of the model, which are in boxes for the same reason, copying
//! was a tenth of all instructions, and is six hundredths. *What would change our mind:* nothing we know of.
//!
//! **A ceremony is kept under its challenge itself.** Its SHA-256 was meant to be short and even; challenges are
//! both, and the digest cost more than all the rest of keeping a ceremony. Only a longer one than 32 bytes is
//! digested. *What would change our mind:* a store that several gateways share, and that must not read challenges.
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
//! **An unknown user is asked for at the upstream, and so is the finish of nobody.** On a private route the
//! gateway makes up the answer only after the upstream has refused, out of a keyed hash of the user, and sends
//! the finish on like any other, though it will refuse it whatever comes back: an answer that skips the upstream
//! would be told by its time. For the same reason the list is made for known users too, and the embedded relying
//! party checks a signature also where it knows no such passkey. What the upstream itself takes longer for shows
//! through. What the gateway and its relying party take longer for was measured (`benches/gateway.md`): 5 microseconds
//! at most between answers that list as much, which a scatter of 0.1 ms on the network covers for some 7,000 tries a
//! user; so limit how often one address may begin. Nobody is made up with more than four passkeys, so more than four
//! are real. *What would change our mind:* an upstream that locks a user out after refused finishes.
//!
//! **Made-up answers are cast in the mould of real ones.** What every answer of an upstream has alike (timeout,
//! domain, the length of a challenge) is copied from the last real one instead of being configured twice; until
//! there was one, the route's `fill` gives it, and the check says so. An empty list counts as nobody only where
//! nobody could sign in with it: real users would be locked out by made-up passkeys otherwise.
//! *What would change our mind:* upstreams whose answers differ from user to user in more than the list.
//!
//! **`explain` is the way of a request without its wait.** It runs the same recognition, the same resolution and
//! the same writing as an exchange, and puts `<...>` where only a running gateway knows; so it cannot tell
//! another story. *What would change our mind:* nothing we know of.
//!
//! **The page to try it goes through the front door.** It makes a caller's request in the dialect and hands it to
//! the gateway like any other, and reads the options for the browser back from the caller's own answer, so what it
//! shows is what a caller gets. It is nobody special, but for the demo user's bearer, which opens the demo user
//! only. *What would change our mind:* a wish to try a real user's sign-in, which wants an origin of its own.
//!
//! **Learning and verifying are two keys.** `learn_keys` computes keys and adds users; `verify_against` compares and counts. The
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
//!
//! **A form of passkeys is Rust, not a template.** Its records are no messages of a ceremony, their numbers stand in
//! five encodings, and a law of templates would want every one of their members in the model. The forms are few and
//! named after what they are, not after who uses them. The libraries themselves are no oracle in our tests: the one
//! in Rust brings OpenSSL, so its form is held against records that it wrote elsewhere, and every form against a real
//! passkey that signs in after the move. *What would change our mind:* a provider file that wants to say how its
//! export looks.
//!
//! **A route has ways, and each is proved.** A route that may use several upstreams is compiled once for each of
//! them, as if it were a route of its own; the router knows one of them, so finding it costs what it did. Who takes
//! which way is asked after the request was recognised and its caller let in, in this order: a finish goes to
//! whoever began, a token to whoever made it; then lists, rules, the split, and the route's own `upstream`. Pinning
//! one user by hand must win over every rule, or nobody could be rolled back. *What would change our mind:* a policy
//! that decides by what an upstream answered, beyond the named faults of a begin.
//!
//! **A split takes from the ends of a row.** A keyed hash puts a user at one of 10000 places, and an upstream takes
//! those from one end, so growing it moves only new users and shrinking it only its last ones. Three parts could not
//! each grow alone, so there are two at most. The hash is of what the caller says: byte for byte, but for e-mail
//! addresses, whose case counts nowhere else either. What names nobody has a header field, a cookie, or no lot at
//! all: an address or a user agent is not who somebody is. *What would change our mind:* a third upstream in
//! earnest.
//!
//! **The cookie is `Lax`.** It holds a random id and says nothing of anybody. A page of another origin reads our
//! answers without credentials, so `SameSite=None` would buy it nothing; such a page sends a header field of its
//! own. *What would change our mind:* answers that permit credentials.
//!
//! **A token is shown to nobody but whoever made it.** Where several upstreams of a route make tokens and nothing
//! tells them apart, the config is refused: the policy of the moment says where a user is, not who made an older
//! token. *What would change our mind:* tokens that name their maker.
//!
//! **Only the begin of a login goes on, and only from what says nothing of the request.** A registration that
//! went on would put a passkey where nobody looks for it. Faults of the request are the same everywhere; a rate
//! limit or a full queue exists to keep load away. Where nobody could serve it, an outage is told before an unknown
//! user: whoever cannot be reached might know the user. *What would change our mind:* an upstream whose refusal of
//! a registration is known to have left nothing behind.
//!
//! **A shadow begins when the answer is complete.** Two calls side by side would be compared a moment earlier and
//! share the worker while the caller waits. Two answers are compared as the model has them, completed for the
//! caller, so that a difference is one the caller would see. The shadow of an HTTP upstream has a breaker, a cap and
//! connections of its own. *What would change our mind:* nothing we know of.
//!
//! **A shadow's calls are timed under a name of their own.** Nobody waits for them, and whoever watches how long an
//! upstream takes watches what callers feel: `upstream_duration` leaves them out, `shadow_duration` has them. *What
//! would change our mind:* nothing we know of.
//!
//! **Paths with holes stand in a tree of segments.** A list of them was gone through for each request, which a host
//! with a prefix for each of ten thousand tenants would have felt. Whole paths stay in a table before the tree: most
//! are whole, and one look finds them. *What would change our mind:* a hole that spans several segments.
//!
//! **A key set is fetched once for all routes, and read for every algorithm.** Which algorithms count is each route's to
//! say and is asked before a key is looked for, so sharing the set shares none of that. Two addresses that differ in a
//! letter are two sets. *What would change our mind:* an issuer that wants another client for each route.
