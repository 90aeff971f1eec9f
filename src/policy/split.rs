//! A split: which share of the users another backend serves. It is the same on every replica and after a restart.
//!
//! A keyed hash assigns each user one of 10,000 buckets. A backend takes the buckets from one end up to its percentage,
//! so that raising the percentage moves further users and moves none back.

use http::HeaderName;

use crate::base::hash_key::HashKey;
use crate::base::hash_key::HashSecret;
use crate::model::member::Member;
use crate::policy::cookie::StickyCookie;
use crate::policy::decision::Reason;
use crate::policy::percent::{Percent, WHOLE};
use crate::policy::request_facts::RequestFacts;
use crate::policy::selection::Selection;
use crate::policy::settings::End;

/// The split of a route.
#[derive(Debug)]
pub(crate) struct Split {
    bucketer: Bucketer,
    /// The members that may name a user.
    by: Vec<Member>,
    parts: Vec<SplitPart>,
    header: Option<HeaderName>,
    cookie: Option<StickyCookie>,
}

/// The share of one backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitPart {
    pub(crate) backend: usize,
    pub(crate) percent: Percent,
    pub(crate) from: End,
    /// Whether it takes only users whose passkeys the upstream can verify.
    pub(crate) only_proven: bool,
}

/// Assigns the users of a cohort to buckets.
#[derive(Debug)]
struct Bucketer {
    key: HashKey,
    cohort: Box<str>,
}

/// The kind of identifier of a caller. Each kind has buckets of its own.
#[derive(Clone, Copy, Debug)]
enum CallerKind {
    User,
    Device,
    Browser,
}

// ===== impl Split =====

impl Split {
    pub(crate) fn new(secret: &HashSecret, cohort: &str, by: Vec<Member>, parts: Vec<SplitPart>) -> Self {
        let bucketer = Bucketer { key: secret.derive("split"), cohort: cohort.into() };
        Self { bucketer, by, parts, header: None, cookie: None }
    }

    /// The same, with a header field that identifies devices.
    pub(crate) fn with_header(self, header: Option<HeaderName>) -> Self {
        Self { header, ..self }
    }

    /// The same, with a cookie that identifies browsers.
    pub(crate) fn with_cookie(self, secret: &HashSecret) -> Self {
        Self { cookie: Some(StickyCookie { key: secret.derive("sticky cookie") }), ..self }
    }

    /// The shares.
    pub(crate) fn parts(&self) -> &[SplitPart] {
        &self.parts
    }

    /// The backend of a request. `None` if nothing identifies the caller.
    pub(super) fn assign(&self, facts: &RequestFacts<'_, '_>) -> Option<Selection> {
        if let Some(bucket) = self.by.iter().find_map(|member| self.bucket_of(*member, facts)) {
            return Some(self.share_of(bucket, Reason::Split));
        }
        if let Some(value) = self.header.as_ref().and_then(|name| facts.fields.get(name)) {
            let bucket = self.bucketer.bucket(CallerKind::Device, value.as_bytes());
            return Some(self.share_of(bucket, Reason::Header));
        }
        let sticky = self.cookie.as_ref()?;
        let (id, cookie) = match sticky.read(facts.fields) {
            Some(id) => (id, None),
            None if facts.is_begin => sticky.issue().map(|(id, field)| (id, Some(field)))?,
            None => return None,
        };
        let bucket = self.bucketer.bucket(CallerKind::Browser, &id);
        Some(Selection { cookie, ..self.share_of(bucket, Reason::Cookie) })
    }

    /// E-mail addresses compare case-insensitively, everything else byte for byte.
    fn bucket_of(&self, member: Member, facts: &RequestFacts<'_, '_>) -> Option<u32> {
        let text = facts.text(member)?;
        Some(match member {
            Member::UserEmail => self.bucketer.bucket(CallerKind::User, text.to_ascii_lowercase().as_bytes()),
            _ => self.bucketer.bucket(CallerKind::User, text.as_bytes()),
        })
    }

    fn share_of(&self, bucket: u32, reason: Reason) -> Selection {
        let takes = |part: &&SplitPart| match part.from {
            End::Bottom => bucket < part.percent.parts(),
            End::Top => bucket >= WHOLE - part.percent.parts(),
        };
        match self.parts.iter().find(takes) {
            Some(part) => Selection { if_proven: part.only_proven, ..Selection::new(part.backend, reason) },
            None => Selection::new(0, reason),
        }
    }
}

// ===== impl Bucketer =====

impl Bucketer {
    /// A bucket from 0 to 9,999, uniformly distributed.
    fn bucket(&self, kind: CallerKind, value: &[u8]) -> u32 {
        let kind: &[u8] = match kind {
            CallerKind::User => b"user",
            CallerKind::Device => b"device",
            CallerKind::Browser => b"browser",
        };
        let hash = self.key.hash(&[self.cohort.as_bytes(), kind, value]);
        let (first, _) = hash.split_first_chunk::<8>().expect("a hash has 32 bytes");
        let bucket = (u128::from(u64::from_be_bytes(*first)) * u128::from(WHOLE)) >> 64;
        u32::try_from(bucket).expect("a fraction of 10000 is less")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::HeaderMap;

    use crate::model::assertion::AssertionRequest;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const USERS: usize = 10_000;

    fn percent(text: &str) -> Percent {
        serde_json::from_str(text).unwrap()
    }

    fn split(cohort: &str, parts: &[(usize, &str, End)]) -> Split {
        let parts = parts.iter().map(|(backend, text, from)| SplitPart {
            backend: *backend,
            percent: percent(text),
            from: *from,
            only_proven: false,
        });
        let by = vec![Member::UserId, Member::UserEmail];
        Split::new(&HashSecret::new(SECRET.into()).unwrap(), cohort, by, parts.collect())
    }

    fn backend(split: &Split, id: Option<&str>, email: Option<&str>) -> Option<usize> {
        let record =
            AssertionRequest { user_id: id.map(Into::into), user_email: email.map(Into::into), ..Default::default() };
        let facts = RequestFacts { record: &record, claims: &[], fields: &HeaderMap::new(), is_begin: true };
        split.assign(&facts).map(|pick| pick.backend)
    }

    /// The users of a backend.
    fn users_of(split: &Split, wanted: usize) -> BTreeSet<usize> {
        (0..USERS).filter(|user| backend(split, Some(&format!("user_{user}")), None) == Some(wanted)).collect()
    }

    #[test]
    fn a_growing_share_moves_only_further_users() {
        let mut before = BTreeSet::new();
        for text in ["0", "0.5", "10", "20", "33.33", "50", "90", "100"] {
            let users = users_of(&split("app", &[(1, text, End::Bottom)]), 1);
            assert!(before.is_subset(&users), "a user moves back at {text} %");
            // Four standard deviations of a binomial: one run in sixteen thousand lies outside by chance,
            // and these users and this key are always the same.
            let share = f64::from(percent(text).parts()) / f64::from(WHOLE);
            let expected = share * 10_000.0;
            let deviation = (10_000.0 * share * (1.0 - share)).sqrt();
            #[expect(clippy::cast_precision_loss, reason = "at most ten thousand")]
            let found = users.len() as f64;
            assert!((found - expected).abs() <= 4.0 * deviation, "at {text} % there are {found}");
            before = users;
        }
    }

    #[test]
    fn two_shares_grow_without_moving_each_others_users() {
        let at = |one: &str, two: &str| {
            let split = split("app", &[(1, one, End::Bottom), (2, two, End::Top)]);
            (users_of(&split, 1), users_of(&split, 2))
        };
        let (one, two) = at("10", "20");
        assert!(one.is_disjoint(&two) && !one.is_empty() && !two.is_empty());
        let (more, same) = at("60", "20");
        assert!(one.is_subset(&more) && same == two);
        let (rest, whole) = at("60", "40");
        assert!(rest == more && two.is_subset(&whole));
        assert_eq!(rest.len() + whole.len(), USERS, "together they take all users");
    }

    #[test]
    fn the_same_cohort_assigns_the_same_users() {
        let tenth = |cohort| users_of(&split(cohort, &[(1, "10", End::Bottom)]), 1);
        assert_eq!(tenth("app"), tenth("app"));
        let both = tenth("app").intersection(&tenth("web")).count();
        // A tenth of a tenth, and four standard deviations.
        assert!((60..=140).contains(&both), "{both} users are in both tenths");
    }

    #[test]
    fn the_first_member_decides_and_addresses_ignore_case() {
        let half = split("app", &[(1, "50", End::Bottom)]);
        for user in 0..100 {
            let (id, email) = (format!("user_{user}"), format!("user_{user}@example.com"));
            assert_eq!(backend(&half, Some(&id), Some(&email)), backend(&half, Some(&id), None));
            assert_eq!(backend(&half, None, Some(&email.to_uppercase())), backend(&half, None, Some(&email)));
        }
        assert_eq!(backend(&half, None, None), None);
    }

    #[test]
    fn buckets_never_change() {
        let bucketer = split("app", &[]).bucketer;
        let buckets = ["user_1", "user_2"].map(|user| bucketer.bucket(CallerKind::User, user.as_bytes()));
        assert_eq!(buckets, [7003, 1486], "a change would reassign users");
    }
}
