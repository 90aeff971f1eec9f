//! A server under test, and raw sockets for both of its sides.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use passbridge::base::bounded::Bounded;
use passbridge::server::lifecycle::Lifecycle;
use passbridge::server::passthrough::settings::{HostPattern, PassthroughSettings, Target, TargetSettings};
use passbridge::server::settings::ServerSettings;
use passbridge::server::workers::{Running, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::toy::Toy;

/// Bounds a wait that must end, so that a broken server fails a test instead of hanging it.
pub(crate) async fn within<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("this should long have happened")
}

/// Settings for one worker on any free port.
pub(crate) fn settings() -> ServerSettings {
    ServerSettings { listen: "127.0.0.1:0".parse().unwrap(), workers: Bounded::new(1), ..Default::default() }
}

/// A server with a toy gateway.
pub(crate) struct Rig {
    pub(crate) address: SocketAddr,
    pub(crate) toy: Toy,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) running: Running,
}

pub(crate) fn start(settings: &ServerSettings) -> Rig {
    start_with(settings, &PassthroughSettings::default())
}

/// A server that passes everything to `origin`.
pub(crate) fn start_before(origin: &Origin) -> Rig {
    start_with(&settings(), &everything_to(target(origin)))
}

pub(crate) fn start_with(settings: &ServerSettings, passthrough: &PassthroughSettings) -> Rig {
    let (toy, lifecycle) = (Toy::new(), Lifecycle::new());
    let server = Server::bind(settings).unwrap();
    let address = server.address();
    let running = server.start(passthrough, &lifecycle, toy.build()).unwrap();
    Rig { address, toy, lifecycle, running }
}

pub(crate) fn target(origin: &Origin) -> TargetSettings {
    TargetSettings::to(origin.url().parse().unwrap())
}

pub(crate) fn everything_to(target: TargetSettings) -> PassthroughSettings {
    PassthroughSettings([(HostPattern::new("*").unwrap(), Target(target))].into())
}

impl Rig {
    pub(crate) async fn connect(&self) -> Wire {
        Wire::connect(self.address).await
    }

    /// Sends one request on a connection of its own and reads the answer.
    pub(crate) async fn ask(&self, head: &str) -> Reply {
        let mut wire = self.connect().await;
        wire.send(head).await;
        wire.reply().await
    }
}

/// A toy on the other side: runs `serve` for every connection.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Origin {
    pub(crate) async fn start<F>(serve: impl Fn(Wire) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(Wire::new(stream)));
            }
        });
        Self { address, accepted }
    }

    /// Answers every request with `reply`, word for word, once its head was read.
    pub(crate) async fn saying(reply: &'static str) -> Self {
        Self::start(move |mut wire| async move {
            while wire.try_head().await.is_some() {
                wire.send(reply).await;
            }
        })
        .await
    }

    /// Answers every request with the head it got.
    pub(crate) async fn mirror() -> Self {
        Self::start(|mut wire| async move {
            while let Some(head) = wire.try_head().await {
                let length = head.len();
                wire.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{head}")).await;
            }
        })
        .await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// One end of a connection, spoken to in bytes.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    /// What was read beyond what was asked for.
    pub(crate) read: Vec<u8>,
}

/// An answer as it came. Names are in lower case.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) content: String,
}

impl Reply {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }
}

/// The value of one field of a raw head.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(found, value)| found.eq_ignore_ascii_case(name).then(|| value.trim()))
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::new(within(TcpStream::connect(address)).await.unwrap())
    }

    pub(crate) async fn send(&mut self, text: &str) {
        // A peer that has gone is found by reading.
        let _ = within(self.stream.write_all(text.as_bytes())).await;
    }

    /// Reads until `text` has come, and returns all up to and with it. `None` if the end comes first.
    pub(crate) async fn try_until(&mut self, text: &str) -> Option<String> {
        loop {
            let found = self.read.windows(text.len()).position(|window| window == text.as_bytes());
            if let Some(position) = found {
                let all: Vec<u8> = self.read.drain(..position + text.len()).collect();
                return Some(String::from_utf8(all).unwrap());
            }
            if within(self.stream.read_buf(&mut self.read)).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    pub(crate) async fn until(&mut self, text: &str) -> String {
        let found = self.try_until(text).await;
        found.unwrap_or_else(|| panic!("no {text:?} in {:?}", String::from_utf8_lossy(&self.read)))
    }

    pub(crate) async fn try_head(&mut self) -> Option<String> {
        self.try_until("\r\n\r\n").await
    }

    pub(crate) async fn reply(&mut self) -> Reply {
        self.reply_to("GET").await
    }

    /// Reads a whole answer; one to `HEAD` has no content, whatever its head says.
    pub(crate) async fn reply_to(&mut self, method: &str) -> Reply {
        let head = self.until("\r\n\r\n").await.to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let bodiless = method == "HEAD" || matches!(status, 100..200 | 204 | 304);
        let content = if bodiless {
            String::new()
        } else if let Some(length) = field(&head, "content-length") {
            self.exactly(length.parse().unwrap()).await
        } else if field(&head, "transfer-encoding") == Some("chunked") {
            self.chunks().await
        } else {
            self.rest().await
        };
        Reply { status, head, content }
    }

    pub(crate) async fn exactly(&mut self, length: usize) -> String {
        while self.read.len() < length {
            let read = within(self.stream.read_buf(&mut self.read)).await.unwrap();
            assert_ne!(read, 0, "the end came too early");
        }
        String::from_utf8(self.read.drain(..length).collect()).unwrap()
    }

    /// Reads chunks to the last one, and the trailers into nothing.
    async fn chunks(&mut self) -> String {
        let mut content = String::new();
        loop {
            let line = self.until("\r\n").await;
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            if length == 0 {
                while self.until("\r\n").await != "\r\n" {}
                return content;
            }
            content.push_str(&self.exactly(length).await);
            self.exactly(2).await;
        }
    }

    /// Reads to the end of the connection, whether it is closed or reset.
    pub(crate) async fn rest(&mut self) -> String {
        while within(self.stream.read_buf(&mut self.read)).await.unwrap_or(0) > 0 {}
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }
}
