//! The schemas agree with the program: a file that it accepts is valid, and a malformed file that it refuses is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(file: &str) -> Validator {
    let text = fs::read_to_string(root().join("schemas").join(file)).unwrap();
    jsonschema::options().should_validate_formats(true).build(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn document(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

/// Where a document breaks a schema.
fn breaks(schema: &Validator, document: &Value) -> Vec<String> {
    schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn provider_files() -> Vec<PathBuf> {
    let folders = ["providers", "tests/provider/sixth_provider/providers"]
        .map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect()
}

#[test]
fn default_config_is_valid() {
    let text = fs::read_to_string(root().join("gateway.toml")).unwrap();
    assert_eq!(breaks(&schema("gateway.json"), &document(&text)), [""; 0]);
}

#[test]
fn config_with_every_key_is_valid() {
    let text = include_str!("everything.toml");
    assert_eq!(breaks(&schema("gateway.json"), &document(text)), [""; 0]);
}

#[test]
fn every_provider_file_is_valid() {
    let schema = schema("provider.json");
    let files = provider_files();
    assert!(!files.is_empty());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(breaks(&schema, &document(&text)), [""; 0], "{}", path.display());
    }
}

#[test]
fn malformed_config_is_invalid() {
    let schema = schema("gateway.json");
    let route = "[routes.r]\ndialect = 'd'\nupstream = 'u'\n";
    assert_eq!(breaks(&schema, &document(route)), [""; 0]);
    for wrong in [
        "[server]\nport = 1",
        "[server]\nmax_fields = 1",
        "[admin]\nlisten = 9090",
        "[limits]\nmax_depth = 'deep'",
        "[upstreams.u]\nprovider = 'p'",
        "[upstreams.u]\nprovider = 'p'\nbase_url = 'ftp://host'",
        "[upstreams.u]\nprovider = 'p'\nbase_url = 'https://host'\ntimeuot_ms = 1",
        "[upstreams.u]\nprovider = 'embedded'\nrp_id = 'localhost'",
        "[upstreams.u]\nbase_url = 'https://host'",
        "[routes.other]\nupstream = 'u'",
        "[routes.other]\ndialect = 'd'\nupstream = 'u'\nuser_verification = 'always'",
        "[routes.other]\ndialect = 'd'\nupstream = 'u'\ncallers = { open = 'everyone' }",
        "[routes.other]\ndialect = 'd'\nupstream = 'u'\ncallers = { key = ['literal'] }",
        "[routes.other]\ndialect = 'd'\nupstream = 'u'\nset = { account = 1.5 }",
        "[passthrough]\n'*' = { upgrade = true }",
    ] {
        let text = format!("{route}{wrong}");
        assert_ne!(breaks(&schema, &document(&text)), [""; 0], "{wrong}");
    }
}

#[test]
fn malformed_provider_file_is_invalid() {
    let schema = schema("provider.json");
    let path = provider_files().pop().unwrap();
    let text = fs::read_to_string(path).unwrap();
    let right = document(&text);
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut wrong = right.clone();
        change(&mut wrong);
        assert_ne!(wrong, right);
        assert_ne!(breaks(&schema, &wrong), [""; 0]);
    };
    wrong(&|file| file["byets"] = "base64".into());
    wrong(&|file| file["bytes"] = "hex".into());
    wrong(&|file| file["accepts"] = "xml".into());
    wrong(&|file| file["login"]["middle"] = Value::Object(Default::default()));
    wrong(&|file| file["login"]["begin"]["request"]["caller"] = "somebody".into());
    wrong(&|file| file["login"]["begin"]["request"]["path"] = "no/slash".into());
    wrong(&|file| file["login"]["begin"]["request"]["omits"] = serde_json::json!({ "scope": "" }));
    wrong(&|file| file["login"]["begin"]["response"]["status"] = 404.into());
    wrong(&|file| file["faults"][0]["fault"] = "unheard_of".into());
    wrong(&|file| file["faults"][0]["status"] = "4x".into());
}

/// Every name that an object of a schema can have.
fn names(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                found.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| names(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// Every key of a document.
fn keys(document: &Value, found: &mut BTreeSet<String>) {
    match document {
        Value::Object(members) => {
            found.extend(members.keys().cloned());
            members.values().for_each(|member| keys(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn config_with_every_key_covers_the_schema() {
    let schema = fs::read_to_string(root().join("schemas/gateway.json")).unwrap();
    let (mut known, mut written) = (BTreeSet::new(), BTreeSet::new());
    names(&serde_json::from_str(&schema).unwrap(), &mut known);
    keys(&document(include_str!("everything.toml")), &mut written);
    let missing: Vec<_> = known.difference(&written).collect();
    assert!(missing.is_empty(), "everything.toml lacks {missing:?}");
}
