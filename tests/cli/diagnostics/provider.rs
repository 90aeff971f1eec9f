//! Bad provider files, each the only one of the folder that a config names.

use std::fs;
use std::process::Output;

use crate::diagnostics::case::{self, Case};

/// A valid config, so that every finding is about the provider file.
const CONFIG: &str = r#"
providers = "providers"
[upstreams.own]
provider = "embedded"
rp_id    = "localhost"
origins  = ["http://localhost:8080"]
database = "users.db"
[routes.app]
dialect  = "flashback"
upstream = "own"
callers  = { user = "upstream" }
"#;

fn check(case: &Case) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let providers = folder.path().join("providers");
    fs::create_dir(&providers).unwrap();
    fs::write(folder.path().join("gateway.toml"), CONFIG).unwrap();
    fs::write(providers.join(format!("{}.toml", case.name)), &case.text).unwrap();
    case.run(folder.path(), &["check"])
}

#[test]
fn each_bad_provider_file_gives_its_message() {
    let cases = case::all("provider");
    assert!(cases.len() >= 25, "{} cases", cases.len());
    case::agree(cases.iter().filter(|case| case.name != "valid").map(|case| case.compare(&check(case))));
}

#[test]
fn reference_provider_file_is_valid() {
    let cases = case::all("provider");
    let output = check(cases.iter().find(|case| case.name == "valid").unwrap());
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{output:?}");
}

#[test]
fn bad_provider_file_exits_78() {
    for case in case::all("provider").iter().filter(|case| case.name != "valid") {
        let output = check(case);
        assert_eq!(output.status.code(), Some(78), "{}", case.name);
        assert!(output.stdout.is_empty(), "{}", case.name);
    }
}

#[test]
fn every_finding_has_file_line_and_remedy() {
    for case in case::all("provider").iter().filter(|case| case.name != "valid") {
        let said = String::from_utf8(check(case).stderr).unwrap();
        let (findings, _verdict) = said.trim_end().rsplit_once("\n\n").unwrap();
        for finding in findings.split("\n\n") {
            let place = format!(" --> providers/{}.toml:", case.name);
            assert!(finding.contains(&place) && finding.contains("help: "), "{}: {finding}", case.name);
        }
    }
}

#[test]
fn five_mistakes_are_reported_together() {
    let cases = case::all("provider");
    let case = cases.iter().find(|case| case.name == "five_mistakes").unwrap();
    let said = String::from_utf8(check(case).stderr).unwrap();
    assert_eq!(said.lines().filter(|line| line.starts_with("error: ")).count(), 5, "{said}");
}

#[test]
fn every_golden_file_belongs_to_a_case() {
    case::no_text_is_left_over("provider");
}
