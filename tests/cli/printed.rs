//! What `schema`, `members` and `matrix` print is valid and complete.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use crate::program::Folder;

/// What a command prints; it needs no config and no folder of its own.
fn printed(arguments: &[&str]) -> String {
    let ran = Folder::empty().run(arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    assert_eq!(ran.stdout, Folder::empty().run(arguments).stdout, "it is the same each time");
    ran.stdout
}

fn schema(of: &str) -> Validator {
    let schema: Value = serde_json::from_str(&printed(&["schema", of])).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{of}: {error}"));
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn breaks(schema: &Validator, text: &str) -> Vec<String> {
    let document: Value = toml::from_str(text).unwrap();
    schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of every provider file, by its id.
fn providers() -> Vec<(String, String)> {
    let files = fs::read_dir(root().join("providers")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let read = |path: std::path::PathBuf| {
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
    };
    let mut providers: Vec<_> = files.map(read).collect();
    providers.sort();
    assert_eq!(providers.len(), 5);
    providers
}

#[test]
fn config_schema_accepts_the_default_config() {
    let schema = schema("config");
    let text = fs::read_to_string(root().join("gateway.toml")).unwrap();
    assert_eq!(breaks(&schema, &text), [""; 0]);
    assert_ne!(breaks(&schema, &text.replace("dialect ", "dialekt ")), [""; 0]);
    assert_ne!(breaks(&schema, &format!("{text}\n[surver]\nlisten = 'x'")), [""; 0]);
}

#[test]
fn provider_file_schema_accepts_every_provider() {
    let schema = schema("provider");
    for (id, text) in providers() {
        assert_eq!(breaks(&schema, &text), [""; 0], "{id}");
        assert_ne!(breaks(&schema, &text.replace("[login.begin.request]", "[login.start.request]")), [""; 0], "{id}");
    }
}

#[test]
fn members_lists_every_name_used_in_provider_files() {
    let printed = printed(&["members"]);
    let mut known = BTreeSet::new();
    for line in printed.lines() {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap();
        assert!(known.insert(name), "{name} is listed twice");
        assert!(words.count() > 2 && line.ends_with('.'), "{line} has a kind and a meaning");
    }
    for (id, text) in providers() {
        for placeholder in
            text.split("\"{").skip(1).filter_map(|rest| rest.split_once("}\"")).map(|(placeholder, _)| placeholder)
        {
            let name = placeholder.trim_end_matches(['!', '~', '*']).split(':').next().unwrap();
            assert!(known.contains(name), "{id}: {name}");
        }
    }
}

#[test]
fn matrix_covers_every_pair() {
    let matrix = printed(&["matrix"]);
    let (_, table) = matrix.split_once("### `session.refresh`\n\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows: Vec<Vec<_>> =
        table.lines().map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert_eq!(rows[0][1..], ["apifox", "auth0", "flashback", "quiva", "streambird", "embedded"]);
    let dialects: Vec<_> = rows[2..].iter().map(|row| row[0]).collect();
    assert_eq!(dialects, ["apifox", "auth0", "quiva"], "the others document no refresh");
    for row in &rows[2..] {
        for (upstream, cell) in rows[0][1..].iter().zip(&row[1..]) {
            let expected = if *upstream == row[0] || *upstream == "embedded" { "works" } else { "`issuer`" };
            assert_eq!(*cell, expected, "{} before {upstream}", row[0]);
        }
    }
    for operation in ["login.begin", "login.finish", "registration.begin", "signup.finish", "credentials.delete"] {
        assert!(matrix.contains(&format!("### `{operation}`")), "{operation}");
    }
}
