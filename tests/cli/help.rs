//! The help of every command, and wrong command lines.

use crate::program::{Folder, Ran};

/// Every command with its subcommands.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["serve"],
    &["check"],
    &["credentials"],
    &["credentials", "convert"],
    &["users"],
    &["users", "import"],
    &["users", "export"],
    &["handles"],
    &["handles", "import"],
    &["handles", "forget"],
    &["keys"],
    &["keys", "rotate"],
    &["matrix"],
    &["translate"],
    &["explain"],
    &["members"],
    &["readiness"],
    &["schema"],
];

fn run(arguments: &[&str]) -> Ran {
    Folder::empty().run(arguments)
}

fn help(command: &[&str]) -> String {
    let ran = run(&[command, &["--help"]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command:?}");
    ran.stdout
}

/// The names below a heading, and the text after each on its first line.
fn listed<'h>(help: &'h str, heading: &str) -> Vec<(&'h str, &'h str)> {
    let Some((_, section)) = help.split_once(&format!("\n{heading}:\n")) else { return Vec::new() };
    let entries = section.lines().take_while(|line| !line.is_empty());
    let entries = entries.filter(|line| !line.starts_with("   "));
    entries.map(|line| line.trim().split_once("  ").unwrap_or((line.trim(), ""))).collect()
}

#[test]
fn every_command_has_help() {
    for command in COMMANDS {
        let text = help(command);
        let first = text.lines().next().unwrap();
        assert!(first.split_whitespace().count() > 3, "{command:?}: {first}");
        let usage = format!("\nUsage: {}", [&["passbridge"], *command].concat().join(" "));
        assert!(text.contains(&usage), "{command:?}: {text}");
        for option in ["--config", "--log", "--log-format", "--help"] {
            assert!(text.contains(option), "{command:?} has {option}: {text}");
        }
    }
}

#[test]
fn every_command_is_listed() {
    for command in COMMANDS {
        let text = help(command);
        let known = COMMANDS.iter().filter(|other| other.len() == command.len() + 1 && other.starts_with(command));
        let mut known: Vec<_> = known.map(|other| *other.last().unwrap()).collect();
        let entries = listed(&text, "Commands");
        assert!(entries.iter().all(|(_, meaning)| !meaning.trim().is_empty()), "{command:?}: {entries:?}");
        let mut names: Vec<_> = entries.into_iter().map(|(name, _)| name).filter(|name| *name != "help").collect();
        known.sort_unstable();
        names.sort_unstable();
        assert_eq!(names, known, "{command:?}");
    }
}

#[test]
fn invalid_command_line_exits_2() {
    let wrong: [&[&str]; 9] = [
        &["sevre"],
        &["--no-such-option"],
        &["check", "now"],
        &["users"],
        &["users", "import"],
        &["keys", "turn"],
        &["schema"],
        &["schema", "nonsense"],
        &["check", "--log-format", "xml"],
    ];
    for arguments in wrong {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains("Usage:") || ran.stderr.starts_with("error:"), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn invalid_log_filter_exits_2() {
    let ran = run(&["--log", "warn,passbridge=loud", "members"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("the log filter is not valid"), "{}", ran.stderr);
}

#[test]
fn version_is_printed() {
    let ran = run(&["--version"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, concat!("passbridge ", env!("CARGO_PKG_VERSION"), "\n")));
}
