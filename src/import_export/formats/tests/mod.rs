//! The formats of other systems.

mod examples;
mod round_trips;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::PasskeyFormat;
use crate::import_export::convert::{Converted, Defaults, convert};

fn to_ours(from: PasskeyFormat, input: &Value) -> (Vec<Value>, Converted) {
    let converted = convert(&input.to_string(), from, PasskeyFormat::Passbridge, &Defaults::default());
    let lines = converted.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, converted)
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
