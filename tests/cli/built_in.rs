//! Without a config the program serves every dialect, and its banner has a working command for each.

use std::process::Command;

use crate::program::{Folder, PROGRAM};
use kit::contract::check_response;
use kit::gateway::Gateway;
use kit::message::Request;
use kit::provider::Provider;

const ANY_PORTS: [(&str, &str); 2] =
    [("PASSBRIDGE__SERVER__LISTEN", "127.0.0.1:0"), ("PASSBRIDGE__ADMIN__LISTEN", "127.0.0.1:0")];

async fn start() -> Gateway {
    let folder = Folder::empty();
    let mut command = Command::new(PROGRAM);
    command.env_clear().envs(ANY_PORTS).current_dir(folder.path()).args(["--log-format", "json"]);
    Gateway::launch(command, folder.into_inner()).await
}

/// The words of a command line, as a shell splits it.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut is_word, mut letters) = (String::new(), false, line.chars());
    while let Some(letter) = letters.next() {
        match letter {
            ' ' if is_word => words.push(std::mem::take(&mut word)),
            ' ' => {}
            '\'' => word.extend(letters.by_ref().take_while(|letter| *letter != '\'')),
            '\\' => word.push(letters.next().unwrap()),
            letter => word.push(letter),
        }
        is_word = letter != ' ';
    }
    words.extend(is_word.then_some(word));
    words
}

/// The request that a `curl` command sends.
fn request(command: &str) -> Request {
    let words = words(command);
    let mut words = words.iter().map(String::as_str);
    assert_eq!([words.next(), words.next()], [Some("curl"), Some("-sS")]);
    let mut request = Request::new("GET", "");
    while let Some(word) = words.next() {
        match word {
            "-X" => request.method = words.next().unwrap().to_owned(),
            "-H" => {
                let (name, value) = words.next().unwrap().split_once(": ").unwrap();
                request = request.with_field(&name.to_lowercase(), value);
            }
            "-d" => request = request.with_content(words.next().unwrap()),
            url => {
                let (_, rest) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
                request.target = format!("/{rest}");
            }
        }
    }
    request
}

#[tokio::test]
async fn every_printed_command_works() {
    let gateway = start().await;
    assert!(
        gateway.banner[0].contains("serves the built-in gateway.toml on http://127.0.0.1:"),
        "{:?}",
        gateway.banner
    );
    assert!(gateway.folder().join("passbridge.db").exists());
    let commands: Vec<_> = gateway.banner.iter().filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(commands.len(), 5, "{:#?}", gateway.banner);
    let mut tried = Vec::new();
    for command in commands {
        let request = request(command);
        let of_path = |dialect: &Provider| {
            let path = Request::fixture(*dialect, "login.begin").with_prefix(dialect.prefix()).target;
            path == request.target
        };
        let dialect = Provider::ALL.into_iter().find(of_path).unwrap_or_else(|| panic!("{command}"));
        let answer = gateway.ask(&request).await;
        check_response(dialect, "login.begin", &answer);
        assert_eq!(dialect.begun(&answer).challenge.len(), 32);
        tried.push(dialect);
    }
    tried.sort_by_key(|dialect| dialect.id());
    tried.dedup();
    assert_eq!(tried.len(), 5, "one command per dialect");
}

#[test]
fn words_are_split_like_a_shell() {
    assert_eq!(words(r"curl -H 'a: b'  -d 'it'\''s' x"), ["curl", "-H", "a: b", "-d", "it's", "x"]);
}
