//! The part of a message that is not its content: path, query parameters and header fields.
//!
//! Values there are text; what a path or a query cannot hold is percent-encoded (RFC 3986 section
//! 2.1). A name that stands there twice is refused: two readers could take different ones.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::model::record::Record;
use crate::model::value::{Kind, Value};
use crate::provider::template::codec::{Codec, Expected, RESERVED, Token};
use crate::provider::template::encode::{Absent, Writing};
use crate::provider::template::hole::{self, Hole, Need, Pattern};
use crate::provider::template::reader::{DecodeError, Defect, DefectKind, Reading};

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
    /// What stands between the slashes, not percent-encoded.
    pub segments: Vec<Pattern>,
    /// The whole path as it is written, if it has no holes.
    literal: Option<String>,
    /// The same as a request's target.
    uri: Option<Uri>,
}

/// A name that stands there more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateName;

// ===== impl Path =====

impl Path {
    /// A path of these segments, which are not percent-encoded.
    pub fn new(segments: Vec<Pattern>) -> Self {
        let written = segments.iter().map(|segment| match segment {
            Pattern::Constant(text) => Some(format!("/{}", utf8_percent_encode(text, RESERVED))),
            Pattern::Hole { .. } => None,
        });
        let literal: Option<String> = written.collect();
        Self { uri: literal.as_deref().and_then(|literal| literal.parse().ok()), literal, segments }
    }

    /// The path as it is written when it has no holes.
    pub fn literal(&self) -> Option<&str> {
        self.literal.as_deref()
    }

    /// The path as a request's target, when it has no holes.
    pub fn uri(&self) -> Option<&Uri> {
        self.uri.as_ref()
    }

    /// Whether a path is of this form.
    pub fn matches(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else { return false };
        let mut parts = path.split('/');
        let fits = |pattern| parts.next().and_then(decoded).is_some_and(|segment| fits(pattern, segment));
        self.segments.iter().all(fits) && parts.next().is_none()
    }

    /// Reads a path into a record; `false` when it is another path.
    ///
    /// # Errors
    /// When a hole's value is not what its member can hold.
    pub fn read<'a>(
        &self,
        path: &'a str,
        reading: Reading<'a>,
        record: &mut dyn Record<'a>,
    ) -> Result<bool, DecodeError> {
        if self.literal.as_deref() == Some(path) {
            return Ok(true);
        }
        if !self.matches(path) {
            return Ok(false);
        }
        for (pattern, part) in self.segments.iter().zip(path.split('/').skip(1)) {
            if let (Pattern::Hole { .. }, Some(segment)) = (pattern, decoded(part)) {
                put(pattern, segment, reading, record, || "The path".to_owned())?;
            }
        }
        Ok(true)
    }

    /// Writes the path of a record.
    ///
    /// # Errors
    /// When a hole's member is absent, or would lead to another path (`.` and `..`, which no
    /// encoding hides from a URL parser).
    pub fn write(&self, record: &dyn Record<'_>, writing: Writing<'_>) -> Result<Cow<'_, str>, Absent> {
        if let Some(literal) = &self.literal {
            return Ok(Cow::Borrowed(literal));
        }
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            match segment {
                Pattern::Constant(text) => path.extend(utf8_percent_encode(text, RESERVED)),
                Pattern::Hole { hole, .. } => match text(segment, record, writing)? {
                    Some(text) if text != "." && text != ".." => path.extend(utf8_percent_encode(&text, RESERVED)),
                    _ => return Err(Absent(hole.member)),
                },
            }
        }
        Ok(Cow::Owned(path))
    }
}

/// A segment of a path without its percent-encoding; none where that is no UTF-8.
pub(crate) fn decoded(part: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(part).decode_utf8().ok()
}

/// Whether a segment, percent-decoded, is what a pattern says; an empty one fills no hole.
pub(crate) fn fits(pattern: &Pattern, segment: Cow<'_, str>) -> bool {
    match pattern {
        Pattern::Constant(text) => segment == *text,
        Pattern::Hole { prefix, suffix, .. } => {
            hole::between(segment, prefix, suffix).is_some_and(|text| !text.is_empty())
        }
    }
}

// ===== fields and parameters =====

/// Reads header fields or query parameters; `find` gives the value of a name. Constants of an
/// answer tell nothing and are not looked at.
///
/// # Errors
/// When a constant of a request differs, a required member is absent, or a value is not what its
/// member can hold.
pub fn read<'a>(
    templates: &[Named],
    what: &str,
    find: impl Fn(&str) -> Result<Option<Cow<'a, str>>, DuplicateName>,
    reading: Reading<'a>,
    record: &mut dyn Record<'a>,
) -> Result<(), DecodeError> {
    for Named { name, pattern } in templates {
        if reading.lenient && pattern.hole().is_none() {
            continue;
        }
        let place = || format!("The {what} `{name}`");
        let found = find(name).map_err(|DuplicateName| broken(DefectKind::Duplicate, place()))?;
        match (pattern, found) {
            (Pattern::Constant(expected), Some(found)) if *expected != found => {
                return Err(DecodeError::NotThisMessage);
            }
            (Pattern::Constant(_), _) => {}
            (Pattern::Hole { .. }, found) => put(pattern, found.unwrap_or_default(), reading, record, place)?,
        }
    }
    Ok(())
}

/// Puts the value at a hole into a record. What does not fit around the hole is no value of it.
fn put<'a>(
    pattern: &Pattern,
    value: Cow<'a, str>,
    reading: Reading<'a>,
    record: &mut dyn Record<'a>,
    place: impl Fn() -> String,
) -> Result<(), DecodeError> {
    let Pattern::Hole { prefix, hole, suffix } = pattern else { return Ok(()) };
    let Hole { member, codec, need } = *hole;
    let text = match hole::between(value, prefix, suffix).filter(|text| !text.is_empty()) {
        Some(text) => text,
        None if need == Need::Required => return Err(broken(DefectKind::Missing(member), place())),
        None => return Ok(()),
    };
    let kind = member.kind();
    let expected = |noun| broken(DefectKind::Expected(noun), place());
    let token = match (kind, codec) {
        (Kind::Number, Codec::Plain | Codec::Minutes) => {
            Token::Number(text.trim().parse().map_err(|_| expected("a whole number"))?)
        }
        (Kind::Flag, _) => Token::Flag(text.parse().map_err(|_| expected("true or false"))?),
        // A `+` that somebody forgot to encode arrives in a query as a space.
        (Kind::Bytes, _) if text.contains(' ') => Token::Text(text.replace(' ', "+").into()),
        _ => Token::Text(text),
    };
    let value = codec.read(kind, token, reading.now).map_err(|Expected(noun)| expected(noun))?;
    if record.value(member).is_some_and(|other| other != value) {
        return Err(broken(DefectKind::Disagree, place()));
    }
    record.put(member, Some(value));
    Ok(())
}

#[cold]
fn broken(kind: DefectKind, place: String) -> DecodeError {
    DecodeError::Broken(Defect { kind, place })
}

/// Writes header fields: name and value of each that is there.
///
/// # Errors
/// When a required member is absent.
pub fn fields<'t>(
    templates: &'t [Named],
    record: &dyn Record<'_>,
    writing: Writing<'_>,
) -> Result<Vec<(&'t str, String)>, Absent> {
    let mut written = Vec::with_capacity(templates.len());
    for Named { name, pattern } in templates {
        if let Some(text) = text(pattern, record, writing)? {
            written.push((name.as_str(), text));
        }
    }
    Ok(written)
}

/// Writes query parameters, with the `?` where there are any.
///
/// # Errors
/// When a required member is absent.
pub fn query(templates: &[Named], record: &dyn Record<'_>, writing: Writing<'_>) -> Result<String, Absent> {
    let mut query = String::new();
    for Named { name, pattern } in templates {
        if let Some(text) = text(pattern, record, writing)? {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.extend(utf8_percent_encode(name, RESERVED));
            query.push('=');
            query.extend(utf8_percent_encode(&text, RESERVED));
        }
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
    let mut out = prefix.clone();
    match value {
        Value::Text(text) => out.push_str(&hole.codec.write_text(&text)),
        Value::Bytes(bytes) => hole.codec.push_bytes(&bytes, &mut out),
        Value::Number(number) => match hole.codec.write_number(number, writing.now) {
            Token::Text(text) => out.push_str(&text),
            Token::Number(number) => out.push_str(&number.to_string()),
            Token::Flag(_) => unreachable!("no codec writes a number as a flag"),
        },
        Value::Flag(flag) => out.push_str(if flag { "true" } else { "false" }),
        Value::Texts(_) | Value::Json(_) => unreachable!("the compiler keeps them out of the head"),
    }
    out.push_str(suffix);
    Ok(Some(out))
}
