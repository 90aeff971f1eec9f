//! Which part of the users goes elsewhere: the same ones on every replica and after every restart.
//!
//! A keyed hash puts each user at a place in a row. An upstream takes those from one end as far as its
//! percentage goes, so that raising it moves only the users whose turn it is, and no one moves back.

use http::HeaderName;

use crate::base::hash_key::HashKey;
use crate::base::hash_key::HashSecret;
use crate::model::member::Member;
use crate::policy::cookie::Sticky;
use crate::policy::decision::Reason;
use crate::policy::percent::{Percent, WHOLE};
use crate::policy::settings::End;
use crate::policy::{Asking, Pick};

/// The split of one route.
#[derive(Debug)]
pub(crate) struct Split {
    bucketer: Bucketer,
    /// The members that may name a user.
    by: Vec<Member>,
    parts: Vec<Part>,
    header: Option<HeaderName>,
    cookie: Option<Sticky>,
}

/// A part of the row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) way: usize,
    pub(crate) percent: Percent,
    pub(crate) from: End,
    /// Whether it takes only users who could sign in there today.
    pub(crate) only_proven: bool,
}

/// The row in which a cohort's users stand.
#[derive(Debug)]
struct Bucketer {
    key: HashKey,
    cohort: Box<str>,
}

/// What a caller is known again by. Each kind has lots of its own.
#[derive(Clone, Copy, Debug)]
enum Kind {
    User,
    Device,
    Browser,
}

// ===== impl Split =====

impl Split {
    pub(crate) fn new(secret: &HashSecret, cohort: &str, by: Vec<Member>, parts: Vec<Part>) -> Self {
        let bucketer = Bucketer { key: secret.derive("split"), cohort: cohort.into() };
        Self { bucketer, by, parts, header: None, cookie: None }
    }

    /// The same, that knows devices again by a header field.
    pub(crate) fn with_header(self, header: Option<HeaderName>) -> Self {
        Self { header, ..self }
    }

    /// The same, that gives browsers a cookie.
    pub(crate) fn with_cookie(self, secret: &HashSecret) -> Self {
        Self { cookie: Some(Sticky { key: secret.derive("sticky cookie") }), ..self }
    }

    /// The parts, for people.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The way that whoever asks is dealt; `None` where nothing tells one caller from another.
    pub(super) fn assign(&self, asking: &Asking<'_, '_>) -> Option<Pick> {
        if let Some(place) = self.by.iter().find_map(|member| self.place_of(*member, asking)) {
            return Some(self.take(place, Reason::Split));
        }
        if let Some(value) = self.header.as_ref().and_then(|name| asking.fields.get(name)) {
            let place = self.bucketer.place(Kind::Device, value.as_bytes());
            return Some(self.take(place, Reason::Header));
        }
        let sticky = self.cookie.as_ref()?;
        let (id, cookie) = match sticky.read(asking.fields) {
            Some(id) => (id, None),
            None if asking.is_begin => sticky.make().map(|(id, field)| (id, Some(field)))?,
            None => return None,
        };
        let place = self.bucketer.place(Kind::Browser, &id);
        Some(Pick { cookie, ..self.take(place, Reason::Cookie) })
    }

    /// E-mail addresses are the same user's in any case, as they are everywhere here; everything else
    /// counts byte for byte.
    fn place_of(&self, member: Member, asking: &Asking<'_, '_>) -> Option<u32> {
        let text = asking.text(member)?;
        Some(match member {
            Member::UserEmail => self.bucketer.place(Kind::User, text.to_ascii_lowercase().as_bytes()),
            _ => self.bucketer.place(Kind::User, text.as_bytes()),
        })
    }

    fn take(&self, place: u32, reason: Reason) -> Pick {
        let takes = |part: &&Part| match part.from {
            End::Bottom => place < part.percent.parts(),
            End::Top => place >= WHOLE - part.percent.parts(),
        };
        match self.parts.iter().find(takes) {
            Some(part) => Pick { if_proven: part.only_proven, ..Pick::new(part.way, reason) },
            None => Pick::new(0, reason),
        }
    }
}

// ===== impl Row =====

impl Bucketer {
    /// A place from 0 to 9999, each as likely as any other.
    fn place(&self, kind: Kind, value: &[u8]) -> u32 {
        let kind: &[u8] = match kind {
            Kind::User => b"user",
            Kind::Device => b"device",
            Kind::Browser => b"browser",
        };
        let hash = self.key.hash(&[self.cohort.as_bytes(), kind, value]);
        let (first, _) = hash.split_first_chunk::<8>().expect("a hash has 32 bytes");
        let place = (u128::from(u64::from_be_bytes(*first)) * u128::from(WHOLE)) >> 64;
        u32::try_from(place).expect("a fraction of 10000 is less")
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
        let parts = parts.iter().map(|(way, text, from)| Part {
            way: *way,
            percent: percent(text),
            from: *from,
            only_proven: false,
        });
        let by = vec![Member::UserId, Member::UserEmail];
        Split::new(&HashSecret::new(SECRET.into()).unwrap(), cohort, by, parts.collect())
    }

    fn way(split: &Split, id: Option<&str>, email: Option<&str>) -> Option<usize> {
        let record =
            AssertionRequest { user_id: id.map(Into::into), user_email: email.map(Into::into), ..Default::default() };
        let asking = Asking { record: &record, claims: &[], fields: &HeaderMap::new(), is_begin: true };
        split.assign(&asking).map(|pick| pick.way)
    }

    /// The users whom a way has.
    fn users_of(split: &Split, wanted: usize) -> BTreeSet<usize> {
        (0..USERS).filter(|user| way(split, Some(&format!("user_{user}")), None) == Some(wanted)).collect()
    }

    #[test]
    fn a_growing_part_moves_new_users_only_and_has_its_share() {
        let mut before = BTreeSet::new();
        for text in ["0", "0.5", "10", "20", "33.33", "50", "90", "100"] {
            let users = users_of(&split("app", &[(1, text, End::Bottom)]), 1);
            assert!(before.is_subset(&users), "at {text} % somebody moves back");
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
    fn two_parts_grow_without_moving_each_others_users() {
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
        assert_eq!(rest.len() + whole.len(), USERS, "nobody is left where both take all");
    }

    #[test]
    fn cohorts_deal_anew_and_a_shared_one_deals_the_same() {
        let tenth = |cohort| users_of(&split(cohort, &[(1, "10", End::Bottom)]), 1);
        assert_eq!(tenth("app"), tenth("app"));
        let both = tenth("app").intersection(&tenth("web")).count();
        // A tenth of a tenth, and four standard deviations.
        assert!((60..=140).contains(&both), "{both} users are in both tenths");
    }

    #[test]
    fn the_first_member_counts_and_an_address_has_no_case() {
        let half = split("app", &[(1, "50", End::Bottom)]);
        for user in 0..100 {
            let (id, email) = (format!("user_{user}"), format!("user_{user}@example.com"));
            assert_eq!(way(&half, Some(&id), Some(&email)), way(&half, Some(&id), None));
            assert_eq!(way(&half, None, Some(&email.to_uppercase())), way(&half, None, Some(&email)));
        }
        assert_eq!(way(&half, None, None), None);
    }

    #[test]
    fn a_place_is_what_it_always_was() {
        let bucketer = split("app", &[]).bucketer;
        let places = ["user_1", "user_2"].map(|user| bucketer.place(Kind::User, user.as_bytes()));
        assert_eq!(places, [7003, 1486], "a change of this would move users everywhere");
    }
}
