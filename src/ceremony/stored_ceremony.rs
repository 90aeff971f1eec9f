//! A ceremony while it waits for its finish, in little memory.
//!
//! A begin keeps it where nobody kept anything before, and to touch such memory costs more than to fill it.

use std::sync::Arc;

use crate::ceremony::{Ceremony, ChallengeKey, Subject, Told, UserHandles};
use crate::model::operation::Operation;

/// How many texts a ceremony may have.
const TEXTS: usize = 12;
/// What stands before a text: which it is, and how long.
const TEXT_HEAD: usize = 1 + size_of::<u32>();

/// A ceremony and the key it is found by.
#[derive(Debug)]
pub(super) struct StoredCeremony {
    pub(super) key: ChallengeKey,
    pub(super) generation: u64,
    pub(super) upstream: Arc<str>,
    route: Arc<str>,
    begun_by: Operation,
    verify_user: bool,
    is_decoy: bool,
    /// Whether the upstream was told of the user as the caller named them, which is kept once then.
    told_as_asked: bool,
    handles: Option<Box<UserHandles>>,
    /// The texts that there are, one behind another.
    texts: Box<[u8]>,
}

impl StoredCeremony {
    pub(super) fn new(key: ChallengeKey, ceremony: &Ceremony) -> Self {
        let Ceremony { asked, told, expected, .. } = ceremony;
        let told_as_asked = told.subject == *asked;
        let told_subject = if told_as_asked { &Subject::default() } else { &told.subject };
        let texts = [
            &ceremony.upstream_session,
            &ceremony.caller_session,
            &asked.id,
            &asked.email,
            &told_subject.id,
            &told_subject.email,
            &told.account,
            &told.organization,
            &told.connection,
            &expected.id,
            &expected.email,
            &ceremony.bearer_user,
        ];
        Self {
            key,
            generation: ceremony.generation,
            upstream: ceremony.upstream.clone(),
            route: ceremony.route.clone(),
            begun_by: ceremony.begun_by,
            verify_user: ceremony.verify_user,
            is_decoy: ceremony.is_decoy,
            told_as_asked,
            handles: ceremony.handles.clone(),
            texts: joined(texts),
        }
    }

    /// The ceremony, as it was.
    pub(super) fn ceremony(self) -> Ceremony {
        let texts = parted(&self.texts);
        let [
            upstream_session,
            caller_session,
            asked_id,
            asked_email,
            told_id,
            told_email,
            account,
            organization,
            connection,
            expected_id,
            expected_email,
            bearer_user,
        ] = texts;
        let asked = Subject { id: asked_id, email: asked_email };
        let told_subject = match self.told_as_asked {
            true => asked.clone(),
            false => Subject { id: told_id, email: told_email },
        };
        Ceremony {
            generation: self.generation,
            verify_user: self.verify_user,
            is_decoy: self.is_decoy,
            route: self.route,
            upstream: self.upstream,
            begun_by: self.begun_by,
            upstream_session,
            caller_session,
            asked,
            told: Told { subject: told_subject, account, organization, connection },
            expected: Subject { id: expected_id, email: expected_email },
            bearer_user,
            handles: self.handles,
        }
    }

    /// How many bytes of memory it holds.
    pub(super) fn size(&self) -> usize {
        let handles = self.handles.as_deref().map_or(0, UserHandles::size);
        size_of::<Self>() + handles + self.texts.len()
    }
}

fn joined(texts: [&Option<Box<str>>; TEXTS]) -> Box<[u8]> {
    let there_are = || (0u8..).zip(texts).filter_map(|(which, text)| Some((which, text.as_deref()?)));
    let mut joined = Vec::with_capacity(there_are().map(|(_, text)| TEXT_HEAD + text.len()).sum());
    for (which, text) in there_are() {
        joined.push(which);
        let length = u32::try_from(text.len()).expect("a message is shorter than 4 GiB");
        joined.extend(length.to_ne_bytes());
        joined.extend(text.as_bytes());
    }
    joined.into_boxed_slice()
}

fn parted(mut joined: &[u8]) -> [Option<Box<str>>; TEXTS] {
    let mut texts = [const { None }; TEXTS];
    while let Some(([which, length @ ..], rest)) = joined.split_first_chunk::<TEXT_HEAD>() {
        let (text, rest) = rest.split_at(u32::from_ne_bytes(*length) as usize);
        let text = str::from_utf8(text).expect("it was a text when it was joined");
        texts[usize::from(*which)] = Some(text.into());
        joined = rest;
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(ceremony: &Ceremony) {
        assert_eq!(&StoredCeremony::new(ChallengeKey::of(b"c"), ceremony).ceremony(), ceremony);
    }

    #[test]
    fn a_ceremony_comes_back_as_it_was() {
        let text = |text: &str| Some(Box::from(text));
        let handles = UserHandles { upstream: [1].into(), caller: Some([2].into()), rp_id: "rp".into() };
        let full = Ceremony {
            generation: 3,
            verify_user: true,
            is_decoy: true,
            route: "r".into(),
            upstream: "u".into(),
            begun_by: Operation::SignupBegin,
            upstream_session: text("a session"),
            caller_session: text(""),
            asked: Subject { id: text("asked"), email: text("asked@\u{fc}.example") },
            told: Told {
                subject: Subject { id: text("told"), email: text("told@b.example") },
                account: text("account"),
                organization: text("organization"),
                connection: text("connection"),
            },
            expected: Subject { id: text("expected"), email: text("expected@c.example") },
            bearer_user: text("bearer"),
            handles: Some(Box::new(handles)),
        };
        same(&full);
        let told = Told { subject: full.asked.clone(), ..full.told.clone() };
        same(&Ceremony { told, ..full.clone() });
        same(&Ceremony { upstream_session: None, bearer_user: None, expected: Subject::default(), ..full.clone() });
        let empty = Ceremony { asked: Subject::default(), told: Told::default(), handles: None, ..full };
        same(&Ceremony { caller_session: None, verify_user: false, is_decoy: false, ..empty });
    }
}
