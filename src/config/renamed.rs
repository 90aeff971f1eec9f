//! Keys and values of `[routes.NAME]` that were renamed. An old name is an error that gives the new one; its value is
//! read under the new name, so that mistakes in it are reported too.

use figment::value::{Dict, Value};

use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::document::Places;

/// The old key and the new one.
const KEYS: &[(&str, &str)] = &[
    ("operations", "required_operations"),
    ("leave", "exclude_operations"),
    ("unseen", "unknown_ceremonies"),
    ("learn", "learn_keys"),
    ("verify", "verify_against"),
    ("lists", "pinned"),
    ("choose", "rules"),
    ("tell", "decision_headers"),
];
/// The old values of `enumeration` and the new ones.
const ENUMERATION: &[(&str, &str)] = &[("contract", "documented"), ("private", "hidden")];

/// Replaces the old names in the table of a route.
pub(super) fn replace(route: &str, table: &mut Dict, places: &mut Places, diagnostics: &mut Diagnostics) {
    for (old, new) in KEYS {
        let Some(value) = table.remove(*old) else { continue };
        table.entry((*new).to_owned()).or_insert(value);
        places.alias(&format!("{route}.{old}"), &format!("{route}.{new}"));
        let diagnostic = Diagnostic::error(format!("the key `{old}` is now called `{new}`"))
            .label("old name")
            .remedy(format!("write `{new}` instead"));
        diagnostics.push(places.locate_key(diagnostic, &format!("{route}.{old}")));
    }
    if let Some(Value::String(_, text)) = table.get_mut("enumeration")
        && let Some((old, new)) = ENUMERATION.iter().find(|(old, _)| *old == text)
    {
        *text = (*new).to_owned();
        let diagnostic = Diagnostic::error(format!("`enumeration = \"{old}\"` is now called `\"{new}\"`"))
            .label("old value")
            .remedy(format!("write `enumeration = \"{new}\"` instead"));
        diagnostics.push(places.locate(diagnostic, &format!("{route}.enumeration")));
    }
}
