//! The gateway as a process: the real program with a config file and its own port.
//!
//! `passbridge check` must accept the config first. A dropped gateway is stopped, must exit with 0, and must not
//! have logged a secret.

use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::caller::Caller;
use super::config::{CALLERS, ENVIRONMENT, OURS, server};
use super::logs::{Logs, Refused};
use super::message::{Request, Response};
use super::{program, within};

/// The interval and number of polls for a process that must end.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
const MAX_POLLS: usize = 3000;

/// A gateway that serves.
pub struct Gateway {
    pub address: SocketAddr,
    /// The admin listener.
    pub admin: SocketAddr,
    pub banner: Vec<String>,
    pub logs: Logs,
    child: Child,
    caller: Caller,
    folder: TempDir,
}

/// A config in a folder of its own.
pub struct Config {
    folder: TempDir,
}

// ===== impl Config =====

impl Config {
    /// Writes `tables`, and the listeners below.
    pub fn write(tables: &str) -> Self {
        Self::write_with("", tables)
    }

    /// The same with more in `[server]`.
    pub fn write_with(limits: &str, tables: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("gateway.toml"),
            format!(
                "{tables}
{}",
                server(limits)
            ),
        )
        .unwrap();
        Self { folder }
    }

    /// Writes another file into the folder of the config.
    pub fn with_file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    /// The folder it is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `passbridge check`.
    pub fn check(&self) -> Output {
        self.command().arg("check").output().unwrap()
    }

    /// The program with this config, without a subcommand.
    pub fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.env_clear().envs(ENVIRONMENT.iter().copied()).current_dir(self.folder.path());
        command.args(["--config", "gateway.toml", "--log-format", "json"]);
        command
    }
}

// ===== impl Gateway =====

impl Gateway {
    /// Checks the config, serves it, and waits until it is ready.
    pub async fn start(tables: &str) -> Self {
        Self::start_with("", tables).await
    }

    /// The same with more in `[server]`.
    pub async fn start_with(limits: &str, tables: &str) -> Self {
        Self::start_of(Config::write_with(limits, tables)).await
    }

    /// Checks a config, serves it, and waits until it is ready.
    pub async fn start_of(config: Config) -> Self {
        let checked = config.check();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let mut command = config.command();
        command.arg("serve");
        Self::launch(command, config.folder).await
    }

    /// Serves a config that inherits listening sockets or runs on other special terms: `adapt` changes the command.
    pub async fn start_adapted(config: Config, adapt: impl FnOnce(&mut Command)) -> Self {
        let mut command = config.command();
        command.arg("serve");
        adapt(&mut command);
        Self::launch(command, config.folder).await
    }

    /// Runs a command that serves, and waits until it is ready.
    pub async fn launch(mut command: Command, folder: TempDir) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let logs = Logs::of(child.stderr.take().unwrap());
        let lines = lines(BufReader::new(child.stdout.take().unwrap()));
        let first = lines.recv_timeout(Duration::from_secs(30));
        let first = first.unwrap_or_else(|_| panic!("the gateway did not start: {}", logs.text()));
        let address = address(&first, " on http://");
        let admin = address_of_admin(&first);
        let gateway =
            Self { address, admin, banner: rest(first, &lines), logs, child, caller: Caller::of(address), folder };
        gateway.wait_until_ready().await;
        gateway
    }

    async fn wait_until_ready(&self) {
        let caller = Caller::of(self.admin);
        within(async {
            while caller.ask(&Request::new("GET", "/readyz")).await.status != 200 {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        })
        .await;
    }

    /// Where its config and its directory are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs another command with the same config, which must work, and returns what it prints.
    pub fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(program());
        command.env_clear().envs(ENVIRONMENT.iter().copied()).current_dir(self.folder.path());
        let output = command.args(["--config", "gateway.toml"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Sends a request and reads the answer.
    pub async fn ask(&self, request: &Request) -> Response {
        self.caller.ask(request).await
    }

    /// The logged reason of a refusal.
    pub async fn refusal_of(&self, answer: &Response) -> Refused {
        self.logs.refusal_of(answer).await
    }

    /// Sends a request that must be refused, and returns the response and the logged reason.
    pub async fn refused(&self, request: &Request) -> (Response, Refused) {
        let answer = self.ask(request).await;
        let refused = self.refusal_of(&answer).await;
        (answer, refused)
    }

    /// Replaces the config, reloads it, and returns the log entry about the reload.
    pub async fn reload(&self, tables: &str) -> Value {
        std::fs::write(self.folder.path().join("gateway.toml"), server("") + tables).unwrap();
        let so_far = self.logs.count();
        self.signal("-HUP");
        self.logs.event_after(so_far, "reload").await
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    fn stop(&mut self) -> Option<i32> {
        self.signal("-TERM");
        for _ in 0..MAX_POLLS {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(POLL_INTERVAL);
        }
        self.child.kill().unwrap();
        None
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let code = self.stop();
        let logs = self.logs.text();
        if thread::panicking() {
            eprintln!("the gateway logged:\n{logs}");
            return;
        }
        assert_eq!(code, Some(0), "the gateway did not exit with 0:\n{logs}");
        for secret in OURS.secrets().into_iter().chain(CALLERS.secrets()) {
            assert!(!logs.contains(secret), "{secret} is in the log:\n{logs}");
        }
    }
}

fn lines(reader: impl std::io::BufRead + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            // The receiver is dropped once the gateway is ready.
            let _ = sender.send(line);
        }
    });
    receiver
}

/// The remaining lines of the banner, which is printed at once.
fn rest(first: String, lines: &Receiver<String>) -> Vec<String> {
    let more = std::iter::from_fn(|| lines.recv_timeout(Duration::from_millis(200)).ok());
    [first].into_iter().chain(more).collect()
}

fn address_of_admin(banner: &str) -> SocketAddr {
    address(banner, "health on http://")
}

fn address(banner: &str, before: &str) -> SocketAddr {
    let (_, rest) = banner.split_once(before).unwrap_or_else(|| panic!("no address in {banner}"));
    rest.split([',', ';', '/']).next().unwrap().parse().unwrap_or_else(|error| panic!("{error}: {banner}"))
}
