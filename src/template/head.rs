//! The part of a message that is not its content: path, query parameters and header fields.
//!
//! Values there are text; what a path or a query cannot hold is percent-encoded (RFC 3986 section 2.1).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::canonical::record::Record;
use crate::canonical::value::{Kind, Value};
use crate::template::codec::{Codec, Expected, Token};
use crate::template::decode::strip;
use crate::template::encode::{Absent, Writing};
use crate::template::hole::{Hole, Need, Pattern};
use crate::template::reader::{Defect, DefectKind, Reading, Unread};

/// What RFC 3986 calls unreserved stands in a path or a query as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A header field or a query parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name; of a header field in lower case.
    pub name: String,
    /// What it holds.
    pub pattern: Pattern,
}

/// A path whose segments may be holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// What stands between the slashes.
    pub segments: Vec<Pattern>,
}

impl Path {
    /// The path as it is written when it has no holes.
    pub fn literal(&self) -> Option<String> {
        let mut path = String::new();
        for segment in &self.segments {
            let Pattern::Constant(text) = segment else { return None };
            path.push('/');
            path.extend(utf8_percent_encode(text, RESERVED));
        }
        Some(path)
    }

    /// Reads a path into a record; `false` when it is another path.
    pub fn read<'a>(&self, path: &'a str, reading: Reading<'a>, record: &mut dyn Record<'a>) -> Result<bool, Unread> {
        let Some(segments) = self.split(path) else { return Ok(false) };
        for (pattern, segment) in self.segments.iter().zip(segments) {
            if let Pattern::Hole { hole, .. } = pattern {
                if segment.is_empty() {
                    return Ok(false);
                }
                put(pattern, *hole, segment, reading, record, || "The path".to_owned())?;
            }
        }
        Ok(true)
    }

    /// Whether a path is of this form.
    pub fn matches(&self, path: &str) -> bool {
        self.split(path).is_some()
    }

    fn split<'p>(&self, path: &'p str) -> Option<Vec<Cow<'p, str>>> {
        let parts: Vec<_> = path.strip_prefix('/')?.split('/').collect();
        if parts.len() != self.segments.len() {
            return None;
        }
        let decoded: Option<Vec<_>> =
            parts.into_iter().map(|part| percent_decode_str(part).decode_utf8().ok()).collect();
        let decoded = decoded?;
        let fits = self.segments.iter().zip(&decoded).all(|(pattern, segment)| match pattern {
            Pattern::Constant(text) => segment == text,
            Pattern::Hole { prefix, suffix, .. } => strip(segment.clone(), prefix, suffix).is_some(),
        });
        fits.then_some(decoded)
    }

    /// Writes the path of a record.
    pub fn write(&self, record: &dyn Record<'_>, writing: Writing<'_>) -> Result<String, Absent> {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            let Some(text) = text(segment, record, writing)? else {
                return Err(Absent(segment.hole().expect("a constant always has a text").member));
            };
            path.extend(utf8_percent_encode(&text, RESERVED));
        }
        Ok(path)
    }
}

/// Reads header fields or query parameters; `find` gives the value of a name.
pub fn read<'a>(
    templates: &[Named],
    what: &str,
    find: impl Fn(&str) -> Option<Cow<'a, str>>,
    reading: Reading<'a>,
    record: &mut dyn Record<'a>,
) -> Result<(), Unread> {
    for Named { name, pattern } in templates {
        let found = find(name).filter(|value| !value.is_empty());
        match (pattern, found) {
            (Pattern::Constant(expected), Some(found)) if *expected != found && !reading.lenient => {
                return Err(Unread::AnotherMessage);
            }
            (Pattern::Constant(_), _) => {}
            (Pattern::Hole { hole, .. }, Some(value)) => {
                put(pattern, *hole, value, reading, record, || format!("The {what} `{name}`"))?;
            }
            (Pattern::Hole { hole, .. }, None) if hole.need == Need::Required => {
                let place = format!("The {what} `{name}`");
                return Err(Unread::Broken(Defect { kind: DefectKind::Missing(hole.member), place }));
            }
            (Pattern::Hole { .. }, None) => {}
        }
    }
    Ok(())
}

fn put<'a>(
    pattern: &Pattern,
    hole: Hole,
    value: Cow<'a, str>,
    reading: Reading<'a>,
    record: &mut dyn Record<'a>,
    place: impl Fn() -> String,
) -> Result<(), Unread> {
    let Pattern::Hole { prefix, suffix, .. } = pattern else { return Ok(()) };
    let broken = |kind| Unread::Broken(Defect { kind, place: place() });
    let Some(text) = strip(value, prefix, suffix).filter(|text| !text.is_empty()) else {
        return Err(broken(DefectKind::Missing(hole.member)));
    };
    let kind = hole.member.kind();
    let token = match (kind, hole.codec) {
        (Kind::Number, Codec::Plain | Codec::Minutes) => {
            Token::Number(text.trim().parse().map_err(|_| broken(DefectKind::Expected("a whole number")))?)
        }
        (Kind::Flag, _) => Token::Flag(text.parse().map_err(|_| broken(DefectKind::Expected("true or false")))?),
        // A `+` that somebody forgot to encode arrives in a query as a space.
        (Kind::Bytes, _) => Token::Text(text.replace(' ', "+").into()),
        _ => Token::Text(text),
    };
    let value =
        hole.codec.read(kind, token, reading.now).map_err(|Expected(noun)| broken(DefectKind::Expected(noun)))?;
    if record.value(hole.member).is_some_and(|other| other != value) {
        return Err(broken(DefectKind::Disagree));
    }
    record.put(hole.member, Some(value));
    Ok(())
}

/// Writes header fields: name and value of each that is there.
pub fn fields(
    templates: &[Named],
    record: &dyn Record<'_>,
    writing: Writing<'_>,
) -> Result<Vec<(String, String)>, Absent> {
    let mut written = Vec::with_capacity(templates.len());
    for Named { name, pattern } in templates {
        if let Some(text) = text(pattern, record, writing)? {
            written.push((name.clone(), text));
        }
    }
    Ok(written)
}

/// Writes query parameters, with the `?` where there are any.
pub fn query(templates: &[Named], record: &dyn Record<'_>, writing: Writing<'_>) -> Result<String, Absent> {
    let mut query = String::new();
    for (name, text) in fields(templates, record, writing)? {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.extend(utf8_percent_encode(&name, RESERVED));
        query.push('=');
        query.extend(utf8_percent_encode(&text, RESERVED));
    }
    Ok(query)
}

fn text(pattern: &Pattern, record: &dyn Record<'_>, writing: Writing<'_>) -> Result<Option<String>, Absent> {
    let (prefix, hole, suffix) = match pattern {
        Pattern::Constant(text) => return Ok(Some(text.clone())),
        Pattern::Hole { prefix, hole, suffix } => (prefix, hole, suffix),
    };
    let value = match record.value(hole.member) {
        Some(value) => value,
        None if hole.need == Need::Required && !writing.relaxed.contains(&hole.member) => {
            return Err(Absent(hole.member));
        }
        None => return Ok(None),
    };
    let text = match value {
        Value::Text(text) | Value::Json(text) => text.into_owned(),
        Value::Bytes(bytes) => {
            let mut out = Vec::new();
            hole.codec.write_bytes(&bytes, &mut out);
            String::from_utf8(out).expect("base64 digits are ASCII")
        }
        Value::Number(number) => match hole.codec.write_number(number, writing.now) {
            Token::Text(text) => text.into_owned(),
            Token::Number(number) => number.to_string(),
            Token::Flag(_) => unreachable!("no codec writes a number as a flag"),
        },
        Value::Flag(flag) => flag.to_string(),
        Value::Texts(texts) => texts.join(" "),
    };
    Ok(Some([prefix, text.as_str(), suffix].concat()))
}
