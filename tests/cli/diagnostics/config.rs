//! Bad configs.

use std::path::Path;

use crate::diagnostics::case::{self, Case};

/// EX_CONFIG of sysexits.
const BAD_CONFIG: i32 = 78;

fn folder(case: &Case) -> &Path {
    case.path.parent().unwrap()
}

fn run(case: &Case, command: &str) -> std::process::Output {
    case.run(folder(case), &[command, "--config", &format!("{}.toml", case.name)])
}

#[test]
fn each_bad_config_gives_its_message() {
    let cases = case::all("config");
    assert!(cases.len() >= 40, "{} cases", cases.len());
    case::agree(cases.iter().map(|case| case.compare(&run(case, "check"))));
}

#[test]
fn bad_config_exits_78_without_a_report() {
    for case in case::all("config").iter().filter(|case| !case.name.starts_with("warning_")) {
        let output = run(case, "check");
        assert_eq!(output.status.code(), Some(BAD_CONFIG), "{}", case.name);
        assert!(output.stdout.is_empty(), "{}: {output:?}", case.name);
    }
}

#[test]
fn warning_does_not_fail_the_check() {
    let warnings: Vec<_> = case::all("config").into_iter().filter(|case| case.name.starts_with("warning_")).collect();
    assert!(!warnings.is_empty());
    for case in warnings {
        let output = run(&case, "check");
        assert_eq!(output.status.code(), Some(0), "{}: {output:?}", case.name);
        assert!(!output.stderr.is_empty() && !output.stdout.is_empty(), "{}: {output:?}", case.name);
    }
}

#[test]
fn serve_prints_the_same_findings_and_exits() {
    let cases = case::all("config");
    let some = ["five_mistakes", "impossible_pair", "unset_secret", "syntax_error", "environment_upstream"];
    for name in some {
        let case = cases.iter().find(|case| case.name == name).expect(name);
        let (checked, served) = (run(case, "check"), run(case, "serve"));
        assert_eq!(served.status.code(), Some(BAD_CONFIG), "{name}: {served:?}");
        assert!(served.stdout.is_empty(), "{name}: {served:?}");
        let said = |output: &std::process::Output| {
            let text = String::from_utf8(output.stderr.clone()).unwrap();
            text.trim_end().rsplit_once('\n').map(|(findings, _verdict)| findings.to_owned())
        };
        assert_eq!(said(&served), said(&checked), "{name}");
    }
}

#[test]
fn every_finding_has_a_place_and_a_remedy() {
    for case in case::all("config") {
        let output = run(&case, "check");
        let said = String::from_utf8(output.stderr).unwrap();
        let findings = said.trim_end().split("\n\n").filter(|part| !part.ends_with(" is not valid."));
        for finding in findings {
            let is_told = finding.contains("--> ") && finding.contains("help: ");
            assert!(is_told, "{}: {finding}", case.name);
        }
    }
}

#[test]
fn five_mistakes_are_reported_together() {
    let cases = case::all("config");
    let case = cases.iter().find(|case| case.name == "five_mistakes").unwrap();
    let said = String::from_utf8(run(case, "check").stderr).unwrap();
    assert_eq!(said.lines().filter(|line| line.starts_with("error: ")).count(), 5, "{said}");
}

#[test]
fn unreadable_config_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let case = Case { name: "none".into(), path: folder.path().join("none.toml"), text: String::new() };
    let output = case.run(folder.path(), &["check", "--config", "none.toml"]);
    assert_eq!(output.status.code(), Some(BAD_CONFIG));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: the config cannot be read: No such file or directory (os error 2)\n--> none.toml\n = help: use \
         `--config FILE` with a readable file, or no `--config` to run the built-in config\n\nnone.toml is not valid.\n"
    );
}

#[test]
fn every_golden_file_belongs_to_a_case() {
    case::no_text_is_left_over("config");
}
