//! # Adding a provider
//!
//! 1. Write its schemas from its documents under `schemas/ID/`, before you write the template: the two check
//!    each other. Mark what the documents leave open.
//! 2. Put its documented examples under `tests/fixtures/ID/`, as raw HTTP messages.
//! 3. Write `providers/ID.toml`. Start with `login.begin` and `login.finish`; `passbridge check` tells what is
//!    still unsaid, with the line. `unknown = ["..."]` says what the documents leave open.
//! 4. Run `tests/run`. The contract and law suites take every provider there is.
//! 5. `passbridge matrix` shows before whom it works and what gets lost; the page in `providers/README.md` is
//!    generated from it.
//!
//! If you want to change `src/` for it, you want a codec (with its law), a member (with its meaning and its
//! source), or a conversation.
