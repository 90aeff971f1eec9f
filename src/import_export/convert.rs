//! Converts passkeys from one format to another.
//!
//! Everything is held in memory, because records of one user may be far apart. A bad record is reported with its number
//! and the others are converted. A lost member is reported with its record.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::import_export::formats::{MemberProblem, Notes, PasskeyFormat};
use crate::import_export::line::{BadUser, CredentialLine, UserLine};
use crate::relying_party::pending::Base64Bytes;

/// The result of a conversion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// The whole output.
    pub text: String,
    /// Users in it.
    pub users: u64,
    /// Passkeys in it.
    pub passkeys: u64,
    /// Refused records.
    pub refused: u64,
    /// Refused, lost and skipped parts, in the order of the records. Names records and members.
    pub messages: Vec<String>,
}

/// Values for records without them.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The relying party.
    pub rp_id: Option<String>,
}

/// Converts a text. Records are the elements of a JSON array or of the document's list, or else lines.
pub fn convert(input: &str, from: PasskeyFormat, to: PasskeyFormat, defaults: &Defaults) -> Converted {
    let mut work = Conversion::default();
    for (number, record) in (1..).zip(split(input, from)) {
        work.take(number, record, from, to, defaults);
    }
    work.write(to)
}

/// A user with passkeys, each with its record's number.
struct GatheredUser {
    number: u64,
    user: UserLine,
    passkeys: Vec<(u64, CredentialLine)>,
}

#[derive(Default)]
struct Conversion {
    users: Vec<GatheredUser>,
    by_id: BTreeMap<String, usize>,
    /// The first record of each passkey.
    seen: BTreeMap<Vec<u8>, u64>,
    refused: u64,
    messages: Vec<(u64, String)>,
}

impl Conversion {
    fn note(&mut self, number: u64, what: &str, notes: Vec<MemberProblem>) {
        self.messages.extend(notes.into_iter().map(|note| (number, format!("record {number}: {what}{note}"))));
    }

    fn refuse(&mut self, number: u64, bad: MemberProblem) {
        self.refused += 1;
        self.note(number, "refused: ", vec![bad]);
    }

    fn take(
        &mut self,
        number: u64,
        record: Result<String, MemberProblem>,
        from: PasskeyFormat,
        to: PasskeyFormat,
        defaults: &Defaults,
    ) {
        let mut notes = Notes::new();
        let read = record.and_then(|record| from.read(&record, &mut notes));
        self.note(number, "lost: ", notes);
        let mut user = match read {
            Ok(Some(user)) => user,
            Ok(None) => return,
            Err(bad) => return self.refuse(number, bad),
        };
        for passkey in &mut user.credentials {
            passkey.rp_id = passkey.rp_id.take().or_else(|| defaults.rp_id.clone());
        }
        let twice = user.credentials.iter().any(|passkey| self.seen.contains_key(&passkey.id.0));
        if let Some(bad) = problem(&user, to) {
            self.refuse(number, bad);
        } else if twice {
            self.refuse(number, MemberProblem::new("id", "another record has the same passkey"));
        } else {
            self.seen.extend(user.credentials.iter().map(|passkey| (passkey.id.0.clone(), number)));
            self.gather(number, user);
        }
    }

    fn gather(&mut self, number: u64, mut user: UserLine) {
        let mut passkeys = std::mem::take(&mut user.credentials);
        let known = self.by_id.get(&user.id).map(|index| &mut self.users[*index]);
        let Some(known) = known else {
            self.by_id.insert(user.id.clone(), self.users.len());
            let passkeys = passkeys.into_iter().map(|passkey| (number, passkey)).collect();
            return self.users.push(GatheredUser { number, user, passkeys });
        };
        if user.handle.is_some() && user.handle != known.user.handle {
            for passkey in passkeys.iter_mut().filter(|passkey| passkey.user_handle.is_none()) {
                passkey.user_handle.clone_from(&user.handle);
            }
        }
        known.passkeys.extend(passkeys.into_iter().map(|passkey| (number, passkey)));
        if known.user.email.is_none() {
            known.user.email = user.email;
        } else if user.email.is_some() && user.email != known.user.email {
            self.note(
                number,
                "lost: ",
                vec![MemberProblem::new("email", "another record of the user has a different one")],
            );
        }
    }

    fn write(mut self, to: PasskeyFormat) -> Converted {
        let mut converted = Converted::default();
        let mut records = Vec::new();
        for GatheredUser { number, user, passkeys } in std::mem::take(&mut self.users) {
            let before = records.len();
            if to.is_by_user() {
                let credentials: Vec<_> = passkeys.into_iter().map(|(_, passkey)| passkey).collect();
                let count = credentials.len() as u64;
                if self.put(number, &UserLine { credentials, ..user }, to, &mut records) {
                    converted.passkeys += count;
                }
            } else if passkeys.is_empty() {
                self.note(number, "lost: ", vec![MemberProblem::new("record", "the user has no passkey")]);
            } else {
                for (number, passkey) in passkeys {
                    let one = UserLine { credentials: vec![passkey], ..user.clone() };
                    converted.passkeys += u64::from(self.put(number, &one, to, &mut records));
                }
            }
            converted.users += u64::from(records.len() > before);
        }
        self.messages.sort_by_key(|(number, _)| *number);
        converted.text = to.document(&records);
        converted.refused = self.refused;
        converted.messages = self.messages.into_iter().map(|(_, text)| text).collect();
        converted
    }

    fn put(&mut self, number: u64, user: &UserLine, to: PasskeyFormat, records: &mut Vec<String>) -> bool {
        let mut notes = Notes::new();
        match to.write(user, &mut notes) {
            Ok(record) => {
                self.note(number, "lost: ", notes);
                records.push(record);
                true
            }
            Err(bad) => {
                self.refuse(number, bad);
                false
            }
        }
    }
}

/// Why the directory would refuse the user. A missing handle is accepted if the target format has none.
fn problem(user: &UserLine, to: PasskeyFormat) -> Option<MemberProblem> {
    let mut user = user.clone();
    let has_handle = |passkey: &CredentialLine| passkey.user_handle.is_some() || passkey.learned;
    if user.handle.is_none() && !user.credentials.iter().all(has_handle) {
        if to == PasskeyFormat::Passbridge {
            return Some(MemberProblem::new(
                "user_handle",
                "neither the record nor a member next to it has the passkey's user handle",
            ));
        }
        user.handle = Some(Base64Bytes(vec![0]));
    }
    match user.into_rows("localhost", 0) {
        Ok(_) => None,
        Err(BadUser::Member(problem)) => Some(MemberProblem::new("record", problem)),
        Err(_) => Some(MemberProblem::new("record", "not a user")),
    }
}

/// The records of a text: the elements of a document's list or of an array, or else its lines.
fn split(input: &str, from: PasskeyFormat) -> Vec<Result<String, MemberProblem>> {
    let list = from.list().and_then(|(list, inner)| {
        let document: BTreeMap<String, Box<RawValue>> = serde_json::from_str(input).ok()?;
        let records: Vec<Box<RawValue>> = serde_json::from_str(document.get(list)?.get()).ok()?;
        let within = |record: Box<RawValue>| match inner {
            None => Ok(record.get().to_owned()),
            Some(inner) => within(&record, inner),
        };
        Some(records.into_iter().map(within).collect())
    });
    let array = || {
        let records: Vec<Box<RawValue>> = serde_json::from_str(input).ok()?;
        Some(records.into_iter().map(|record| Ok(record.get().to_owned())).collect())
    };
    let one = || serde_json::from_str::<Box<RawValue>>(input).ok().map(|record| vec![Ok(record.get().to_owned())]);
    let lines = || input.lines().filter(|line| !line.trim().is_empty()).map(|line| Ok(line.to_owned())).collect();
    list.or_else(array).or_else(one).unwrap_or_else(lines)
}

fn within(record: &RawValue, member: &'static str) -> Result<String, MemberProblem> {
    #[derive(Deserialize)]
    struct Members(BTreeMap<String, Box<RawValue>>);
    let members = serde_json::from_str::<Members>(record.get()).ok();
    let inner = members.and_then(|Members(members)| members.get(member).map(|inner| inner.get().to_owned()));
    inner.ok_or_else(|| MemberProblem::new(member, "missing"))
}
