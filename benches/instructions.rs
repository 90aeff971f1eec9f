//! User-space instructions of the whole program for one request, counted by callgrind:
//! `cargo bench --bench instructions`. Needs valgrind (Debian's `valgrind`).
//!
//! The figure does not depend on how busy the machine is, so it has a ceiling: a regression fails. Each
//! case runs twice, with few and with many requests, and the difference is what a request costs.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at what it did not expect, and tells")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

#[path = "upstream.rs"]
mod upstream;

/// What a caller asks, and the most instructions it may cost: a twentieth above what is written in `gateway.md`.
struct Case {
    name: &'static str,
    path: &'static str,
    content: &'static str,
    ceiling: u64,
}

const CASES: [Case; 2] = [
    Case {
        name: "translate",
        path: "/v1/auth/webauthn/authentication/begin",
        content: r#"{"domain":"localhost","user_id":"user_24wFP9pDa9YiMJLun94iKykoZs2"}"#,
        ceiling: 60_000,
    },
    Case {
        name: "rich",
        path: "/accounts/begin-auth-with-passkey",
        content: r#"{"email":"user@example.com","account":"acme"}"#,
        ceiling: 134_000,
    },
];
const FEW: u64 = 400;
const MANY: u64 = 2_400;
const CONNECTIONS: u64 = 8;
const KEY: &str = "sk_bench";

fn main() -> ExitCode {
    let upstream = upstream::start();
    let mut outcome = ExitCode::SUCCESS;
    for case in &CASES {
        let each = (counted(case, MANY, upstream) - counted(case, FEW, upstream)) / (MANY - FEW);
        println!("{:<10} {each:>8} instructions a request, at most {}", case.name, case.ceiling);
        if each > case.ceiling {
            eprintln!("{} costs more than it may: find out why, or raise its ceiling and say why", case.name);
            outcome = ExitCode::FAILURE;
        }
    }
    outcome
}

/// The instructions of a process that answers so many requests.
fn counted(case: &Case, requests: u64, upstream: SocketAddr) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let (mut gateway, address) = start(folder.path(), upstream);
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| ask(address, case, requests / CONNECTIONS));
        }
    });
    let stopped = Command::new("kill").args(["-TERM", &gateway.id().to_string()]).status().unwrap();
    assert!(stopped.success() && gateway.wait().unwrap().success());
    let counts = fs::read_to_string(folder.path().join("counts")).unwrap();
    let total = counts.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    total.expect("callgrind ends with a total").trim().parse().unwrap()
}

/// The gateway of `gateway.toml` beside this, under callgrind, with its log to nowhere.
fn start(folder: &Path, upstream: SocketAddr) -> (Child, SocketAddr) {
    let config = include_str!("gateway.toml")
        .replace("127.0.0.1:19099", &upstream.to_string())
        .replace("127.0.0.1:19400", "127.0.0.1:0");
    fs::write(folder.join("gateway.toml"), config).unwrap();
    fs::write(folder.join("key"), KEY).unwrap();
    let mut gateway = Command::new("valgrind")
        .args(["-q", "--tool=callgrind", "--callgrind-out-file=counts", env!("CARGO_BIN_EXE_passbridge")])
        .args(["serve", "--config", "gateway.toml"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("valgrind is installed");
    let mut banner = BufReader::new(gateway.stdout.take().unwrap());
    let mut line = String::new();
    banner.read_line(&mut line).unwrap();
    let address = line.split_once(" on http://").and_then(|(_, rest)| rest.split(';').next()).unwrap();
    let address = address.trim().parse().unwrap();
    thread::spawn(move || banner.read_to_end(&mut Vec::new())); // so that it can be written to its end
    (gateway, address)
}

/// Asks so many times over one connection.
fn ask(address: SocketAddr, case: &Case, times: u64) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: gateway.test\r\nuser-agent: bench\r\naccept: */*\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        case.path,
        case.content.len(),
        case.content
    );
    for _ in 0..times {
        stream.write_all(request.as_bytes()).unwrap();
        let (head, _) = upstream::message(&mut stream).expect("the gateway answers");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    }
}
