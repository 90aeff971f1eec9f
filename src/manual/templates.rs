//! # The laws of templates
//!
//! 1. **One template, both ways.** What a template writes, it reads back as the same members, or refuses.
//!    This is tested for every message of every provider with generated members.
//! 2. **Nothing lost in silence.** Every member an operation can have is in the message or in its `omits`,
//!    with a reason. The compiler refuses a file that says nothing of a member.
//! 3. **Nothing invented.** A required member that is absent is an error, unless the standard says what its
//!    absence means ([`Member::meaning_when_absent`](crate::model::member::Member::meaning_when_absent)).
//! 4. **An empty string is absence**, and so is `null`. A required member that is empty is missing.
//! 5. **Constants recognise.** In a request and in a row of the fault table a constant must stand there; one
//!    that differs says that it is another message, whatever else is wrong with it. In an answer of success
//!    a constant may be absent, since providers leave out what their documents do not require, but not differ.
//! 6. **Unknown names are skipped**, known ones may stand once. Two places of one member must agree.
//! 7. **Any base64 is read**, exactly the provider's own is written.
//! 8. **A table none of whose members is there is left out**, with its constants.
//! 9. **The author's order is the wire's order**, so that an answer is the provider's own to the byte.
//!
//! # What the language refuses to have
//!
//! Expressions, conditions, defaults, hooks, loops beyond "each element of this list", arithmetic beyond the
//! closed set of codecs. A need for an `if` is answered by the canonical model, by a codec with a law test, or
//! by "not covered", written where people read it.
