//! A PostgreSQL server for one test: a cluster in a temporary folder, on a free port of 127.0.0.1.
//!
//! PostgreSQL refuses to run as root; there it runs as the user `postgres`, which its package creates.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

const PASSWORD: &str = "a-password-of-the-database";
/// The interval and the number of polls for a server that starts or stops.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
const MAX_POLLS: usize = 3000;

/// The server.
pub(crate) struct Cluster {
    folder: TempDir,
    pub(crate) port: u16,
    options: Vec<String>,
    running: Option<Child>,
}

impl Cluster {
    /// A cluster that has run these statements.
    pub(crate) async fn with(statements: &str) -> Self {
        let mut cluster = Self::create();
        cluster.start().await;
        cluster.run(statements).await;
        cluster
    }

    fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        if let Some((user, group)) = server_user() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
            chown(folder.path().join("password"), Some(user), Some(group)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let made = program("initdb", folder.path())
            .args(["--pgdata=data", "--pwfile=password", "--username=owner", "--auth=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { folder, port, options: Vec::new(), running: None }
    }

    /// Starts it, and waits until it answers.
    pub(crate) async fn start(&mut self) {
        let port = self.port.to_string();
        let mut command = program("postgres", self.folder.path());
        command.args(["-D", "data", "-p", &port, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        command.args(["-c", "unix_socket_directories=", "-c", "log_min_messages=fatal"]).args(&self.options);
        self.running = Some(command.spawn().unwrap());
        for _ in 0..MAX_POLLS {
            if self.client().await.is_ok() {
                return;
            }
            let ended = self.running.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the server ended: {ended:?}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        panic!("the server did not answer");
    }

    /// Stops it like a shutdown: every connection gets a message and is closed.
    pub(crate) fn stop(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        let sent = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
        assert!(sent.success());
        for _ in 0..MAX_POLLS {
            if running.try_wait().unwrap().is_some() {
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
        running.kill().unwrap();
    }

    /// Enables TLS from the next start on, with this certificate and key in PEM.
    pub(crate) fn uses_tls(&mut self, certificate: &str, key: &str) {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.folder.path().join("data").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            if let Some((user, group)) = server_user() {
                chown(&path, Some(user), Some(group)).unwrap();
            }
        }
        self.options.extend(["-c".to_owned(), "ssl=on".to_owned()]);
    }

    /// Runs statements.
    pub(crate) async fn run(&self, statements: &str) {
        self.client().await.unwrap().batch_execute(statements).await.unwrap();
    }

    /// The number of the gateway's connections in a state.
    pub(crate) async fn connections(&self, state: &str) -> i64 {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'passbridge' AND state = $1";
        self.client().await.unwrap().query_one(count, &[&state]).await.unwrap().get(0)
    }

    /// Its connection string.
    pub(crate) fn address(&self) -> String {
        self.address_at(self.port)
    }

    /// The same through a relay that listens on this port.
    pub(crate) fn address_at(&self, port: u16) -> String {
        format!("postgres://owner:{PASSWORD}@127.0.0.1:{port}/postgres")
    }

    async fn client(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) =
            tokio_postgres::connect(&format!("{}?sslmode=disable", self.address()), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // The data is no longer needed.
            let _ = Command::new("kill").args(["-QUIT", &running.id().to_string()]).status();
            let _ = running.wait();
        }
    }
}

/// A program of PostgreSQL, to be run in a folder.
fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(installed(name));
    command.current_dir(folder).env_clear().env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null());
    if let Some((user, group)) = server_user() {
        command.uid(user).gid(group);
    }
    command
}

/// Debian has one folder per version; elsewhere the programs are on the path.
fn installed(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map_while(Result::ok);
    let newest = versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists()).max();
    newest.unwrap_or_else(|| {
        let found = Command::new(name).arg("--version").stdout(Stdio::null()).status();
        let missing = |error: io::Error| panic!("PostgreSQL is not installed (tests/run does that): {error}");
        found.unwrap_or_else(missing);
        PathBuf::from(name)
    })
}

/// The user and the group of the server, if they differ from those of the test.
fn server_user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().ok()
    };
    (id(&["-u"]) == Some(0)).then(|| (id(&["-u", "postgres"]).unwrap(), id(&["-g", "postgres"]).unwrap()))
}
