//! One end of a connection, spoken to in bytes: for callers that are slow, broken or odd.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::message::{Request, Response};
use super::within;

/// The head of a request in bytes, with these fields more, each ended.
pub fn head_of(request: &Request, fields: &str) -> String {
    let mut head = format!("{} {} HTTP/1.1\r\nhost: a.example\r\n", request.method, request.target);
    for (name, value) in &request.fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + fields + "\r\n"
}

/// One end of a connection.
pub struct Wire {
    stream: TcpStream,
    /// What was read beyond what was asked for.
    read: Vec<u8>,
}

// ===== impl Wire =====

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub async fn connect(address: SocketAddr) -> Self {
        Self::new(within(TcpStream::connect(address)).await.unwrap())
    }

    /// Sends bytes; a peer that has gone is found by reading.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = within(self.stream.write_all(bytes.as_ref())).await;
    }

    /// Sends bytes, if the peer still takes them.
    pub async fn try_send(&mut self, bytes: &[u8]) -> bool {
        within(self.stream.write_all(bytes)).await.is_ok()
    }

    /// Says that nothing more will be sent.
    pub async fn finish_sending(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Closes with a reset instead of an orderly end.
    pub fn reset(self) {
        let _ = socket2::SockRef::from(&self.stream).set_linger(Some(std::time::Duration::ZERO));
    }

    /// Reads up to and with `end`; `None` if the peer closes before.
    pub async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(position) = self.read.windows(end.len()).position(|window| window == end) {
                return Some(self.read.drain(..position + end.len()).collect());
            }
            if within(self.stream.read_buf(&mut self.read)).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Reads that many bytes, or fewer if the peer closes before.
    pub async fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            if within(self.stream.read_buf(&mut self.read)).await.unwrap_or(0) == 0 {
                break;
            }
        }
        let end = count.min(self.read.len());
        self.read.drain(..end).collect()
    }

    /// Whether the peer closes without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.exactly(1).await.is_empty()
    }

    /// Reads a whole answer of known length; `None` if the peer closes instead.
    pub async fn response(&mut self) -> Option<Response> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let field =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        let fields: Vec<_> = lines.filter_map(field).collect();
        let mut response = Response { status, fields, content: Vec::new() };
        if let Some(length) = response.field("content-length") {
            let length = length.parse().unwrap();
            response.content = self.exactly(length).await;
        }
        Some(response)
    }

    /// Reads a request with content of known length; `None` if the peer closes instead.
    pub async fn request(&mut self) -> Option<String> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        let content = self.exactly(length.parse().unwrap()).await;
        Some(head + &String::from_utf8_lossy(&content))
    }
}
