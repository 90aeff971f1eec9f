//! The banner without a config: it has a working command for each dialect.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use kit::caller::Caller;
use kit::contract::check_response;
use kit::message::Request;
use kit::provider::Provider;

/// The program without a config, in an empty folder, on any free port.
struct Program {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Program {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = [("PASSBRIDGE__SERVER__LISTEN", "127.0.0.1:0"), ("PASSBRIDGE__ADMIN__LISTEN", "127.0.0.1:0")];
        let mut command = Command::new(env!("CARGO_BIN_EXE_passbridge"));
        command.current_dir(folder.path()).env_clear().envs(ports).stdout(Stdio::piped()).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), _folder: folder }
    }

    /// The commands in the banner, one for each dialect.
    fn commands(&mut self) -> Vec<String> {
        let lines = BufReader::new(self.child.stdout.take().unwrap()).lines().map(Result::unwrap);
        lines.filter(|line| line.starts_with("curl ")).take(Provider::ALL.len()).collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The words of a command, as a shell splits them.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in command.chars() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

/// The address and the request of a command.
fn request(command: &str) -> (std::net::SocketAddr, Request) {
    let words = words(command);
    let after = |option: &str| words.iter().skip_while(move |word| *word != option).nth(1);
    let url = words.iter().find_map(|word| word.strip_prefix("http://")).unwrap();
    let (address, path) = url.split_once('/').unwrap();
    let mut request = Request::new(after("-X").unwrap(), &format!("/{path}"));
    let fields = words.windows(2).filter(|pair| pair[0] == "-H").map(|pair| pair[1].split_once(": ").unwrap());
    for (name, value) in fields {
        request = request.with_field(name, value);
    }
    if let Some(content) = after("-d") {
        request = request.with_content(content.as_str());
    }
    (address.parse().unwrap(), request)
}

#[tokio::test]
async fn banner_commands_all_succeed() {
    let mut program = Program::start();
    let mut answered = Vec::new();
    for command in program.commands() {
        let (address, request) = request(&command);
        let dialect = Provider::ALL.into_iter().find(|one| one.operation(&request) == Some("login.begin")).unwrap();
        let answer = Caller::of(address).ask(&request).await;
        check_response(dialect, "login.begin", &answer);
        assert_eq!(dialect.begun(&answer).challenge.len(), 32);
        answered.push(dialect.id());
    }
    answered.sort_unstable();
    assert_eq!(answered, ["apifox", "auth0", "flashback", "quiva", "streambird"]);
}
