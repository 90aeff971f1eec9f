//! Codecs: how a value is written where a provider does not write it as it is.
//!
//! The set is closed. A test of each codec checks that an encoded value decodes to itself.

use std::borrow::Cow;

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::base::base64;
use crate::model::value::{Value, ValueKind};

/// Every character except the unreserved ones of RFC 3986.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The encoding of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Text as a string, a number as a number, and so on.
    Plain,
    /// Bytes in the standard alphabet, padded (RFC 4648 section 4).
    Base64,
    /// Bytes in the URL-safe alphabet, not padded (RFC 4648 section 5).
    Base64Url,
    /// A duration in seconds, as a number of minutes.
    Minutes,
    /// A duration in seconds, as the instant at which it ends (RFC 3339).
    Expiry,
    /// An instant in seconds since 1970, as a date and time (RFC 3339).
    Instant,
    /// The same with milliseconds, as JavaScript writes it.
    Millis,
    /// Percent-encoded text (RFC 3986 section 2.1), as in a URL.
    Percent,
}

/// A scalar on the wire.
#[derive(Clone, Debug, PartialEq)]
pub enum Token<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A number.
    Number(i64),
    /// A boolean.
    Flag(bool),
}

/// The type or form that a value was expected to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected(pub &'static str);

impl Codec {
    /// Every codec that a template can name.
    pub const NAMED: [(&'static str, Self); 7] = [
        ("base64", Self::Base64),
        ("base64url", Self::Base64Url),
        ("minutes", Self::Minutes),
        ("expiry", Self::Expiry),
        ("instant", Self::Instant),
        ("millis", Self::Millis),
        ("percent", Self::Percent),
    ];

    /// The codec of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, codec)| *codec)
    }

    /// Whether it can encode values of this kind.
    pub fn suits(self, kind: ValueKind) -> bool {
        match self {
            Self::Plain => kind != ValueKind::Bytes,
            Self::Base64 | Self::Base64Url => kind == ValueKind::Bytes,
            Self::Minutes | Self::Expiry | Self::Instant | Self::Millis => kind == ValueKind::Number,
            Self::Percent => kind == ValueKind::Text,
        }
    }

    /// Decodes a token.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn read<'a>(self, kind: ValueKind, token: Token<'a>, now: Timestamp) -> Result<Value<'a>, Expected> {
        match (self, kind, token) {
            (Self::Plain, ValueKind::Text, Token::Text(text)) => Ok(Value::Text(text)),
            (Self::Plain, ValueKind::Number, Token::Number(number)) => Ok(Value::Number(number)),
            (Self::Plain, ValueKind::Flag, Token::Flag(flag)) => Ok(Value::Flag(flag)),
            (Self::Base64 | Self::Base64Url, ValueKind::Bytes, Token::Text(text)) => {
                base64::read(&text).map(|bytes| Value::Bytes(bytes.into())).map_err(|_| Expected("base64"))
            }
            (Self::Minutes, ValueKind::Number, Token::Number(minutes)) => {
                minutes.checked_mul(60).map(Value::Number).ok_or(Expected("a smaller number"))
            }
            (Self::Instant | Self::Millis, ValueKind::Number, Token::Text(text)) => instant(&text).map(Value::Number),
            (Self::Expiry, ValueKind::Number, Token::Text(text)) => {
                instant(&text).map(|end| Value::Number(end - now.as_second()))
            }
            (Self::Percent, ValueKind::Text, Token::Text(text)) => match percent_decode_str(&text).decode_utf8() {
                Ok(decoded) => Ok(Value::Text(decoded.into_owned().into())),
                Err(_) => Err(Expected("percent-encoded text")),
            },
            (Self::Instant | Self::Millis | Self::Expiry, ..) => Err(Expected("a date and time (RFC 3339)")),
            (Self::Base64 | Self::Base64Url, ..) => Err(Expected("a base64 string")),
            (Self::Minutes, ..) => Err(Expected("a number of minutes")),
            (Self::Plain | Self::Percent, kind, _) => Err(Expected(kind.noun())),
        }
    }

    /// Encodes a text.
    pub fn write_text<'t>(self, text: &'t str) -> Cow<'t, str> {
        match self {
            Self::Percent => utf8_percent_encode(text, RESERVED).into(),
            Self::Plain
            | Self::Base64
            | Self::Base64Url
            | Self::Minutes
            | Self::Expiry
            | Self::Instant
            | Self::Millis => Cow::Borrowed(text),
        }
    }

    /// Appends encoded bytes to a buffer; the alphabets need no escaping in JSON.
    pub fn write_bytes(self, bytes: &[u8], out: &mut Vec<u8>) {
        let alphabet = if self == Self::Base64 { &STANDARD } else { &URL_SAFE_NO_PAD };
        alphabet.encode_append(bytes, out);
    }

    /// Appends encoded bytes to a string.
    pub fn push_bytes(self, bytes: &[u8], out: &mut String) {
        let alphabet = if self == Self::Base64 { &STANDARD } else { &URL_SAFE_NO_PAD };
        alphabet.encode_append(bytes, out);
    }

    /// Encodes a number. An instant outside of the supported range is written as the nearest supported one.
    pub fn write_number(self, number: i64, now: Timestamp) -> Token<'static> {
        match self {
            Self::Minutes => Token::Number(number / 60 + i64::from(number % 60 > 0)),
            Self::Instant => Token::Text(moment(number).to_string().into()),
            Self::Millis => Token::Text(format!("{:.3}", moment(number)).into()),
            Self::Expiry => Token::Text(moment(now.as_second().saturating_add(number)).to_string().into()),
            Self::Plain | Self::Base64 | Self::Base64Url | Self::Percent => Token::Number(number),
        }
    }
}

fn instant(text: &str) -> Result<i64, Expected> {
    text.parse::<Timestamp>().map(Timestamp::as_second).map_err(|_| Expected("a date and time (RFC 3339)"))
}

fn moment(second: i64) -> Timestamp {
    let end = if second < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_read_back(bytes: Vec<u8>) {
            for codec in [Codec::Base64, Codec::Base64Url] {
                let mut out = Vec::new();
                codec.write_bytes(&bytes, &mut out);
                let token = Token::Text(String::from_utf8(out).unwrap().into());
                prop_assert_eq!(codec.read(ValueKind::Bytes, token, Timestamp::UNIX_EPOCH), Ok(Value::Bytes(bytes.clone().into())));
            }
        }

        #[test]
        fn numbers_read_back(number in -1_000_000_000i64..100_000_000_000, now in 0i64..4_000_000_000) {
            let now = Timestamp::from_second(now).unwrap();
            for codec in [Codec::Plain, Codec::Expiry, Codec::Instant, Codec::Millis] {
                prop_assert_eq!(codec.read(ValueKind::Number, codec.write_number(number, now), now), Ok(Value::Number(number)));
            }
            let whole = number / 60 * 60;
            prop_assert_eq!(
                Codec::Minutes.read(ValueKind::Number, Codec::Minutes.write_number(whole, now), now),
                Ok(Value::Number(whole))
            );
        }
    }

    proptest! {
        #[test]
        fn texts_read_back(text: String) {
            for codec in [Codec::Plain, Codec::Percent] {
                let token = Token::Text(codec.write_text(&text).into_owned().into());
                prop_assert_eq!(codec.read(ValueKind::Text, token, Timestamp::UNIX_EPOCH), Ok(Value::Text(text.as_str().into())));
            }
        }
    }

    #[test]
    fn timestamps_have_the_decimals_of_their_codec() {
        let now = Timestamp::from_second(1_735_689_600).unwrap();
        assert_eq!(Codec::Instant.write_number(1_735_689_600, now), Token::Text("2025-01-01T00:00:00Z".into()));
        assert_eq!(Codec::Millis.write_number(1_735_689_600, now), Token::Text("2025-01-01T00:00:00.000Z".into()));
        assert_eq!(Codec::Expiry.write_number(60, now), Token::Text("2025-01-01T00:01:00Z".into()));
        assert_eq!(Codec::Instant.write_number(i64::MIN, now), Token::Text(Timestamp::MIN.to_string().into()));
    }

    #[test]
    fn partial_minute_is_rounded_up() {
        assert_eq!(Codec::Minutes.write_number(61, Timestamp::UNIX_EPOCH), Token::Number(2));
    }
}
