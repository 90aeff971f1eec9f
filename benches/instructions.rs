//! User-space instructions of the whole program for one request, counted by callgrind:
//! `cargo bench --bench instructions`. Needs valgrind (Debian's `valgrind`). With `-- --program PATH` it measures a
//! program that was built with a profile, such as `target/dist/passbridge`.
//!
//! The figure does not depend on how busy the machine is, so it has a ceiling: a regression fails. Each
//! case runs twice, with few and with many requests, and the difference is what a request costs.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at an unexpected result, and prints")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

#[path = "upstream.rs"]
mod upstream;

/// A request and its ceiling of instructions.
struct Case {
    name: &'static str,
    path: &'static str,
    content: &'static str,
    ceiling: u64,
    /// The ceiling for a program that was built with a profile.
    guided_ceiling: u64,
}

const CASES: [Case; 2] = [
    Case {
        name: "translate",
        path: "/v1/auth/webauthn/authentication/begin",
        content: r#"{"domain":"localhost","user_id":"user_24wFP9pDa9YiMJLun94iKykoZs2"}"#,
        ceiling: 60_000,
        guided_ceiling: 60_000,
    },
    Case {
        name: "rich",
        path: "/accounts/begin-auth-with-passkey",
        content: r#"{"email":"user@example.com","account":"acme"}"#,
        ceiling: 134_000,
        guided_ceiling: 134_000,
    },
];
const FEW: u64 = 400;
const MANY: u64 = 2_400;
const CONNECTIONS: u64 = 8;
const KEY: &str = "sk_bench";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--program").skip(1);
    let guided = arguments.next().map(|path| std::path::absolute(path).unwrap());
    let program = guided.clone().unwrap_or_else(|| env!("CARGO_BIN_EXE_passbridge").into());
    let upstream = upstream::start();
    let mut outcome = ExitCode::SUCCESS;
    for case in &CASES {
        let total = |requests| counted(&program, case, requests, upstream);
        let each = (total(MANY) - total(FEW)) / (MANY - FEW);
        let ceiling = if guided.is_some() { case.guided_ceiling } else { case.ceiling };
        println!("{:<10} {each:>8} instructions a request, at most {ceiling}", case.name);
        if each > ceiling {
            eprintln!("{} costs more than its ceiling: find out why, or raise the ceiling and say why", case.name);
            outcome = ExitCode::FAILURE;
        }
    }
    outcome
}

/// The instructions of a process that answers a number of requests.
fn counted(program: &Path, case: &Case, requests: u64, upstream: SocketAddr) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let (mut gateway, address) = start(program, folder.path(), upstream);
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

/// The gateway of `gateway.toml` in this directory, under callgrind, with its log discarded.
fn start(program: &Path, folder: &Path, upstream: SocketAddr) -> (Child, SocketAddr) {
    let config = include_str!("gateway.toml")
        .replace("127.0.0.1:19099", &upstream.to_string())
        .replace("127.0.0.1:19400", "127.0.0.1:0");
    fs::write(folder.join("gateway.toml"), config).unwrap();
    fs::write(folder.join("key"), KEY).unwrap();
    let mut gateway = Command::new("valgrind")
        .args(["-q", "--tool=callgrind", "--callgrind-out-file=counts"])
        .arg(program)
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
    thread::spawn(move || banner.read_to_end(&mut Vec::new())); // keeps the program from blocking on a full pipe
    (gateway, address)
}

/// Sends this many requests over one connection.
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
