//! Collected client data (section 5.8.1).
//!
//! Unknown members are ignored, as the section requires, and so is the token binding of earlier levels. A known member
//! that occurs twice is refused, because another parser could read the other one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use thiserror::Error;

/// A browser writes about 200 bytes, and may add members in the future.
const MAX_LENGTH: usize = 16 * 1024;

/// Parsed client data. Nothing in it is trusted before the signature is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientData {
    /// The member `type`.
    pub type_: String,
    /// The decoded challenge, at least one byte.
    pub challenge: Vec<u8>,
    /// The origin as the client serialised it.
    pub origin: String,
    /// Whether the caller was framed by another origin; absent means it was not.
    pub cross_origin: bool,
    /// The origin of the outermost page, if the client reports it.
    pub top_origin: Option<String>,
}

/// Why bytes are not client data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidClientData {
    /// Longer than 16 KiB.
    #[error("longer than 16 KiB")]
    TooLong,
    /// Not one JSON object with the members `type`, `challenge` and `origin`, each member once and of its type.
    #[error("not a client data object")]
    Malformed,
    /// The challenge is empty or is not base64url without padding.
    #[error("the challenge is not base64url of at least one byte")]
    Challenge,
}

/// Client data in JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CollectedClientData {
    #[serde(rename = "type")]
    type_: String,
    challenge: String,
    origin: String,
    cross_origin: Option<bool>,
    top_origin: Option<String>,
}

impl ClientData {
    /// Parses the bytes of `clientDataJSON`.
    ///
    /// # Errors
    /// [`InvalidClientData`] as its variants say.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidClientData> {
        if bytes.len() > MAX_LENGTH {
            return Err(InvalidClientData::TooLong);
        }
        // 7.1 step 5, 7.2 step 8: "UTF-8 decode" strips one byte order mark and replaces what is not UTF-8.
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = String::from_utf8_lossy(text);
        // 7.1 step 6, 7.2 step 9; an array of the values in order would be read as well, so an object is required here
        if !text.trim_start().starts_with('{') {
            return Err(InvalidClientData::Malformed);
        }
        let client_data: CollectedClientData = serde_json::from_str(&text).map_err(|_| InvalidClientData::Malformed)?;
        let challenge = URL_SAFE_NO_PAD.decode(client_data.challenge).map_err(|_| InvalidClientData::Challenge)?;
        if challenge.is_empty() {
            return Err(InvalidClientData::Challenge);
        }
        Ok(Self {
            type_: client_data.type_,
            challenge,
            origin: client_data.origin,
            cross_origin: client_data.cross_origin.unwrap_or(false),
            top_origin: client_data.top_origin,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: &str = r#"{"type":"webauthn.get","challenge":"AQ","origin":"https://a.example"}"#;

    fn parse(text: impl AsRef<[u8]>) -> Result<ClientData, InvalidClientData> {
        ClientData::parse(text.as_ref())
    }

    #[test]
    fn reads_the_members_in_any_order_among_others() {
        let text = r#" {"origin":"https://a.example","x":[{}],"challenge":"AQ","tokenBinding":{"status":"present"},
            "topOrigin":"https://b.example","crossOrigin":true,"type":"webauthn.get"} "#;
        let expected = ClientData {
            type_: "webauthn.get".to_owned(),
            challenge: vec![1],
            origin: "https://a.example".to_owned(),
            cross_origin: true,
            top_origin: Some("https://b.example".to_owned()),
        };
        assert_eq!(parse(text), Ok(expected));
        let plain = parse(PLAIN).unwrap();
        assert_eq!((plain.cross_origin, plain.top_origin), (false, None));
    }

    #[test]
    fn strips_one_byte_order_mark() {
        assert_eq!(parse(format!("\u{FEFF}{PLAIN}")), parse(PLAIN));
        assert_eq!(parse(format!("\u{FEFF}\u{FEFF}{PLAIN}")), Err(InvalidClientData::Malformed));
    }

    #[test]
    fn replaces_invalid_utf8() {
        let bytes =
            [br#"{"type":"webauthn.get","challenge":"AQ","origin":"https://"#, &b"\xFF\xC0\x80\"}"[..]].concat();
        assert_eq!(parse(bytes).unwrap().origin, "https://\u{FFFD}\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn refuses_other_json_than_client_data() {
        let array = r#"["webauthn.get","AQ","https://a.example",false,null]"#;
        let missing = r#"{"type":"webauthn.get","challenge":"AQ"}"#;
        let number = PLAIN.replace(r#""AQ""#, "1");
        let twice = PLAIN.replace('}', r#","origin":"https://b.example"}"#);
        let escaped = PLAIN.replace('}', r#","\u006frigin":"https://b.example"}"#);
        let trailing = format!("{PLAIN}{{}}");
        for text in ["", "null", array, missing, &number, &twice, &escaped, &trailing, &PLAIN[1..]] {
            assert_eq!(parse(text), Err(InvalidClientData::Malformed), "{text}");
        }
    }

    #[test]
    fn refuses_a_challenge_that_is_not_base64url() {
        for challenge in ["", "AQ==", "AR", "+/8", "A", "A Q"] {
            let text = PLAIN.replace("AQ", challenge);
            assert_eq!(parse(text), Err(InvalidClientData::Challenge), "{challenge}");
        }
    }

    #[test]
    fn refuses_more_than_its_limit() {
        let padded = |length: usize| format!("{PLAIN}{}", " ".repeat(length - PLAIN.len()));
        assert!(parse(padded(MAX_LENGTH)).is_ok());
        assert_eq!(parse(padded(MAX_LENGTH + 1)), Err(InvalidClientData::TooLong));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..256), text in ".*") {
            let _ = parse(bytes);
            let _ = parse(PLAIN.replace("AQ", &text));
        }
    }
}
