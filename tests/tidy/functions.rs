//! The rules for functions.

use crate::files::{self, File};
use crate::rust;

/// From the line of its `fn` to the line of its last brace.
const LONGEST: usize = 70;

/// The name, first line and length of every function with a body.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let code = rust::code(text);
    let mut found = Vec::new();
    for at in rust::find_word(&code, "fn") {
        let name: String = code[at + 2..]
            .trim_start()
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
            .collect();
        if name.is_empty() {
            continue; // the type `fn(..)`
        }
        if let Some(end) = end(&code, at) {
            let (first, last) = (rust::line(&code, at), rust::line(&code, end));
            found.push((name, first, last - first + 1));
        }
    }
    found
}

/// The closing brace of the body; `None` where a semicolon stands in its place.
fn end(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut in_signature = 0usize;
    for (offset, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' if depth == 0 => in_signature += 1,
            b')' | b']' if depth == 0 => in_signature = in_signature.checked_sub(1)?,
            b';' if depth == 0 && in_signature == 0 => return None,
            b'{' if in_signature == 0 => depth += 1,
            b'}' if in_signature == 0 => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(offset);
                }
            }
            _ => {}
        }
    }
    None
}

#[test]
fn no_function_is_long() {
    let mut findings = Vec::new();
    let files = files::all();
    for file in files.iter().filter(|file| file.is_rust()) {
        let long = functions(&file.text).into_iter().filter(|(_, _, lines)| *lines > LONGEST);
        findings.extend(long.map(|(name, first, lines)| format!("{}:{first}: `{name}` has {lines} lines", file.path)));
    }
    files::none(&format!("a function has at most {LONGEST} lines"), &findings);
}

#[test]
fn a_question_is_named_without_get() {
    let getters = |file: &File| {
        let named = functions(&file.text).into_iter().filter(|(name, ..)| name.starts_with("get_"));
        named.map(|(name, line, _)| format!("{}:{line}: `{name}`", file.path)).collect::<Vec<_>>()
    };
    let findings: Vec<_> = files::sources().iter().flat_map(getters).collect();
    files::none("a question is named after its answer, without `get_`", &findings);
}

#[test]
fn functions_are_measured() {
    let text =
        "trait T { fn declared(&self) -> [u8; 2]; }\nimpl T {\n  fn a(f: fn()) {\n    \"}\";\n    if x { }\n  }\n}\n";
    assert_eq!(functions(text), [("a".to_owned(), 3, 4)]);
}
