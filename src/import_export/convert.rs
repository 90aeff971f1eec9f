//! Passkeys from one form into another.
//!
//! Everything is held in memory, since the passkeys of one user may be records far apart. A bad record is told by its
//! number, the others are still converted; what a form cannot say is told with the record and the member. Nothing is
//! written here: whoever asked gets the whole text, or none.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::import_export::formats::{Bad, Format, Notes};
use crate::import_export::line::{BadUser, CredentialLine, UserLine};

/// What became of a conversion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// The whole text in the other form.
    pub text: String,
    /// Users in it.
    pub users: u64,
    /// Passkeys in it.
    pub passkeys: u64,
    /// Records that are not in it, for a reason that was told.
    pub refused: u64,
    /// What was refused, lost or left out, in the order of the records: texts that name records and members.
    pub told: Vec<String>,
}

/// What holds for records that do not say it.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The relying party they were made for.
    pub rp_id: Option<String>,
}

/// Converts a text. A record is an element of the JSON array or of the document's list, else a line, from 1.
pub fn convert(input: &str, from: Format, to: Format, defaults: &Defaults) -> Converted {
    let mut work = Work::default();
    for (number, record) in (1..).zip(split(input, from)) {
        work.take(number, record, from, to, defaults);
    }
    work.write(to)
}

/// A user with passkeys, each with the number of its record.
struct Gathered {
    number: u64,
    user: UserLine,
    passkeys: Vec<(u64, CredentialLine)>,
}

#[derive(Default)]
struct Work {
    users: Vec<Gathered>,
    by_id: BTreeMap<String, usize>,
    /// The record in which a passkey was seen first.
    seen: BTreeMap<Vec<u8>, u64>,
    refused: u64,
    told: Vec<(u64, String)>,
}

impl Work {
    fn tell(&mut self, number: u64, what: &str, notes: Vec<Bad>) {
        self.told.extend(notes.into_iter().map(|note| (number, format!("record {number}: {what}{note}"))));
    }

    fn refuse(&mut self, number: u64, bad: Bad) {
        self.refused += 1;
        self.tell(number, "refused: ", vec![bad]);
    }

    fn take(&mut self, number: u64, record: Result<String, Bad>, from: Format, to: Format, defaults: &Defaults) {
        let mut notes = Notes::new();
        let read = record.and_then(|record| from.read(&record, &mut notes));
        self.tell(number, "lost: ", notes);
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
            self.refuse(number, Bad::new("id", "another record has the same passkey"));
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
            return self.users.push(Gathered { number, user, passkeys });
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
            self.tell(number, "lost: ", vec![Bad::new("email", "another record of the user has another one")]);
        }
    }

    fn write(mut self, to: Format) -> Converted {
        let mut converted = Converted::default();
        let mut records = Vec::new();
        for Gathered { number, user, passkeys } in std::mem::take(&mut self.users) {
            let before = records.len();
            if to.is_by_user() {
                let credentials: Vec<_> = passkeys.into_iter().map(|(_, passkey)| passkey).collect();
                let count = credentials.len() as u64;
                if self.put(number, &UserLine { credentials, ..user }, to, &mut records) {
                    converted.passkeys += count;
                }
            } else if passkeys.is_empty() {
                self.tell(
                    number,
                    "lost: ",
                    vec![Bad::new("record", "the user has no passkey, and this form has only those")],
                );
            } else {
                for (number, passkey) in passkeys {
                    let one = UserLine { credentials: vec![passkey], ..user.clone() };
                    converted.passkeys += u64::from(self.put(number, &one, to, &mut records));
                }
            }
            converted.users += u64::from(records.len() > before);
        }
        self.told.sort_by_key(|(number, _)| *number);
        converted.text = to.document(&records);
        converted.refused = self.refused;
        converted.told = self.told.into_iter().map(|(_, text)| text).collect();
        converted
    }

    fn put(&mut self, number: u64, user: &UserLine, to: Format, records: &mut Vec<String>) -> bool {
        let mut notes = Notes::new();
        match to.write(user, &mut notes) {
            Ok(record) => {
                self.tell(number, "lost: ", notes);
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

/// Why the directory would not take such a user; without a handle only where the other form keeps one.
fn problem(user: &UserLine, to: Format) -> Option<Bad> {
    let mut user = user.clone();
    let has_handle = |passkey: &CredentialLine| passkey.user_handle.is_some() || passkey.learned;
    if user.handle.is_none() && !user.credentials.iter().all(has_handle) {
        if to == Format::Passbridge {
            return Some(Bad::new(
                "user_handle",
                "neither the record nor a member beside it says what the passkey returns at a sign-in",
            ));
        }
        user.handle = Some(crate::relying_party::pending::Bytes(vec![0]));
    }
    match user.into_rows("localhost", 0) {
        Ok(_) => None,
        Err(BadUser::Member(problem)) => Some(Bad::new("record", problem)),
        Err(_) => Some(Bad::new("record", "it is no user")),
    }
}

/// The records of a text: those of an array or of a document's list, or else its lines.
fn split(input: &str, from: Format) -> Vec<Result<String, Bad>> {
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

fn within(record: &RawValue, member: &'static str) -> Result<String, Bad> {
    #[derive(Deserialize)]
    struct Members(BTreeMap<String, Box<RawValue>>);
    let members = serde_json::from_str::<Members>(record.get()).ok();
    let inner = members.and_then(|Members(members)| members.get(member).map(|inner| inner.get().to_owned()));
    inner.ok_or_else(|| Bad::new(member, "the record lacks it"))
}
