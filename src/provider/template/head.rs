//! The head of a message: path, query parameters and header fields.
//!
//! Values are text and are percent-encoded in a path or a query (RFC 3986 section 2.1). A name that occurs twice
//! is rejected, because two readers could use different values.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::model::record::Record;
use crate::model::value::{Value, ValueKind};
use crate::provider::template::codec::{Codec, Expected, RESERVED, Token};
use crate::provider::template::decode_context::{DecodeContext, DecodeError, Defect, DefectKind};
use crate::provider::template::encode::{EncodeContext, MissingMember};
use crate::provider::template::placeholder::{self, Need, Pattern, Placeholder};

/// A header field or a query parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPattern {
    /// The name; of a header field in lower case.
    pub name: String,
    /// Its value.
    pub pattern: Pattern,
}

/// A path whose segments may be placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The segments, not percent-encoded.
    pub segments: Vec<Pattern>,
    /// The path as it is written, if it has no placeholders.
    literal: Option<String>,
    /// The same as a request target.
    uri: Option<Uri>,
}

/// A name occurs more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateName;

impl Path {
    /// A path of these segments.
    pub fn new(segments: Vec<Pattern>) -> Self {
        let written = segments.iter().map(|segment| match segment {
            Pattern::Constant(text) => Some(format!("/{}", utf8_percent_encode(text, RESERVED))),
            Pattern::Placeholder { .. } => None,
        });
        let literal: Option<String> = written.collect();
        Self { uri: literal.as_deref().and_then(|literal| literal.parse().ok()), literal, segments }
    }

    /// The path as it is written, if it has no placeholders.
    pub fn literal(&self) -> Option<&str> {
        self.literal.as_deref()
    }

    /// The path as a request target, if it has no placeholders.
    pub fn uri(&self) -> Option<&Uri> {
        self.uri.as_ref()
    }

    /// Whether a path matches.
    pub fn matches(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else { return false };
        let mut parts = path.split('/');
        let fits = |pattern| parts.next().and_then(decoded).is_some_and(|segment| fits(pattern, segment));
        self.segments.iter().all(fits) && parts.next().is_none()
    }

    /// Decodes a path into a record; `false` if it does not match.
    ///
    /// # Errors
    /// If a value does not have the type of its member.
    pub fn read<'a>(
        &self,
        path: &'a str,
        reading: DecodeContext<'a>,
        record: &mut dyn Record<'a>,
    ) -> Result<bool, DecodeError> {
        if self.literal.as_deref() == Some(path) {
            return Ok(true);
        }
        if !self.matches(path) {
            return Ok(false);
        }
        for (pattern, part) in self.segments.iter().zip(path.split('/').skip(1)) {
            if let (Pattern::Placeholder { .. }, Some(segment)) = (pattern, decoded(part)) {
                put(pattern, segment, reading, record, || "The path".to_owned())?;
            }
        }
        Ok(true)
    }

    /// Encodes the path of a record.
    ///
    /// # Errors
    /// If a member is absent, or would lead to another path (`.` and `..`, which URL parsers resolve even when they
    /// are percent-encoded).
    pub fn write(&self, record: &dyn Record<'_>, writing: EncodeContext<'_>) -> Result<Cow<'_, str>, MissingMember> {
        if let Some(literal) = &self.literal {
            return Ok(Cow::Borrowed(literal));
        }
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            match segment {
                Pattern::Constant(text) => path.extend(utf8_percent_encode(text, RESERVED)),
                Pattern::Placeholder { placeholder, .. } => match text(segment, record, writing)? {
                    Some(text) if text != "." && text != ".." => path.extend(utf8_percent_encode(&text, RESERVED)),
                    _ => return Err(MissingMember(placeholder.member)),
                },
            }
        }
        Ok(Cow::Owned(path))
    }
}

/// A percent-decoded segment of a path; `None` if it is not UTF-8.
pub(crate) fn decoded(part: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(part).decode_utf8().ok()
}

/// Whether a percent-decoded segment matches a pattern. A placeholder does not match an empty value.
pub(crate) fn fits(pattern: &Pattern, segment: Cow<'_, str>) -> bool {
    match pattern {
        Pattern::Constant(text) => segment == *text,
        Pattern::Placeholder { prefix, suffix, .. } => {
            placeholder::between(segment, prefix, suffix).is_some_and(|text| !text.is_empty())
        }
    }
}

/// Decodes header fields or query parameters; `find` returns the value of a name. Constants of a response are not
/// compared.
///
/// # Errors
/// If a constant of a request differs, a required member is absent, or a value does not have the type of its member.
pub fn read<'a>(
    templates: &[NamedPattern],
    what: &str,
    find: impl Fn(&str) -> Result<Option<Cow<'a, str>>, DuplicateName>,
    reading: DecodeContext<'a>,
    record: &mut dyn Record<'a>,
) -> Result<(), DecodeError> {
    for NamedPattern { name, pattern } in templates {
        if reading.lenient && pattern.placeholder().is_none() {
            continue;
        }
        let place = || format!("The {what} `{name}`");
        let found = find(name).map_err(|DuplicateName| broken(DefectKind::Duplicate, place()))?;
        match (pattern, found) {
            (Pattern::Constant(expected), Some(found)) if *expected != found => {
                return Err(DecodeError::NotThisMessage);
            }
            (Pattern::Constant(_), _) => {}
            (Pattern::Placeholder { .. }, found) => put(pattern, found.unwrap_or_default(), reading, record, place)?,
        }
    }
    Ok(())
}

/// Stores the value of a placeholder. A value without the constant text around the placeholder counts as absent.
fn put<'a>(
    pattern: &Pattern,
    value: Cow<'a, str>,
    reading: DecodeContext<'a>,
    record: &mut dyn Record<'a>,
    place: impl Fn() -> String,
) -> Result<(), DecodeError> {
    let Pattern::Placeholder { prefix, placeholder, suffix } = pattern else { return Ok(()) };
    let Placeholder { member, codec, need } = *placeholder;
    let text = match placeholder::between(value, prefix, suffix).filter(|text| !text.is_empty()) {
        Some(text) => text,
        None if need == Need::Required => return Err(broken(DefectKind::Missing(member), place())),
        None => return Ok(()),
    };
    let kind = member.kind();
    let expected = |noun| broken(DefectKind::Expected(noun), place());
    let token = match (kind, codec) {
        (ValueKind::Number, Codec::Plain | Codec::Minutes) => {
            Token::Number(text.trim().parse().map_err(|_| expected("a whole number"))?)
        }
        (ValueKind::Flag, _) => Token::Flag(text.parse().map_err(|_| expected("true or false"))?),
        // A `+` that was not percent-encoded arrives in a query as a space.
        (ValueKind::Bytes, _) if text.contains(' ') => Token::Text(text.replace(' ', "+").into()),
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

/// Encodes header fields: name and value of each that is present.
///
/// # Errors
/// If a required member is absent.
pub fn fields<'t>(
    templates: &'t [NamedPattern],
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
) -> Result<Vec<(&'t str, String)>, MissingMember> {
    let mut written = Vec::with_capacity(templates.len());
    for NamedPattern { name, pattern } in templates {
        if let Some(text) = text(pattern, record, writing)? {
            written.push((name.as_str(), text));
        }
    }
    Ok(written)
}

/// Encodes query parameters, with the leading `?` if there are any.
///
/// # Errors
/// If a required member is absent.
pub fn query(
    templates: &[NamedPattern],
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
) -> Result<String, MissingMember> {
    let mut query = String::new();
    for NamedPattern { name, pattern } in templates {
        if let Some(text) = text(pattern, record, writing)? {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.extend(utf8_percent_encode(name, RESERVED));
            query.push('=');
            query.extend(utf8_percent_encode(&text, RESERVED));
        }
    }
    Ok(query)
}

fn text(
    pattern: &Pattern,
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
) -> Result<Option<String>, MissingMember> {
    let (prefix, placeholder, suffix) = match pattern {
        Pattern::Constant(text) => return Ok(Some(text.clone())),
        Pattern::Placeholder { prefix, placeholder, suffix } => (prefix, placeholder, suffix),
    };
    let value = match record.value(placeholder.member) {
        Some(value) => value,
        None if placeholder.need == Need::Required && !writing.relaxed.contains(&placeholder.member) => {
            return Err(MissingMember(placeholder.member));
        }
        None => return Ok(None),
    };
    let mut out = prefix.clone();
    match value {
        Value::Text(text) => out.push_str(&placeholder.codec.write_text(&text)),
        Value::Bytes(bytes) => placeholder.codec.push_bytes(&bytes, &mut out),
        Value::Number(number) => match placeholder.codec.write_number(number, writing.now) {
            Token::Text(text) => out.push_str(&text),
            Token::Number(number) => out.push_str(&number.to_string()),
            Token::Flag(_) => unreachable!("no codec writes a number as a flag"),
        },
        Value::Flag(flag) => out.push_str(if flag { "true" } else { "false" }),
        Value::Texts(_) | Value::Json(_) => unreachable!("the compiler rejects them in the head"),
    }
    out.push_str(suffix);
    Ok(Some(out))
}
