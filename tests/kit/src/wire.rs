//! One end of a connection, used byte by byte: for peers that are slow, broken or unusual.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::message::{Request, Response};
use super::within;

/// The head of a request in bytes, followed by more header lines.
pub fn head_of(request: &Request, fields: &str) -> String {
    let mut head = format!("{} {} HTTP/1.1\r\nhost: a.example\r\n", request.method, request.target);
    for (name, value) in &request.fields {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + fields + "\r\n"
}

/// The value of one field of a raw head.
pub fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(found, value)| found.eq_ignore_ascii_case(name).then(|| value.trim()))
}

/// One end of a connection.
pub struct Wire {
    pub stream: TcpStream,
    /// Bytes that were read ahead.
    pub read: Vec<u8>,
}

/// A response as it arrived.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub content: String,
}

impl Reply {
    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }
}

// ===== impl Wire =====

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub async fn connect(address: SocketAddr) -> Self {
        Self::new(within(TcpStream::connect(address)).await.unwrap())
    }

    /// Sends bytes; a closed connection is noticed by reading.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await;
    }

    /// Sends bytes and returns whether the peer accepted them.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        within(self.stream.write_all(bytes.as_ref())).await.is_ok()
    }

    pub async fn finish_sending(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Closes with a reset instead of an orderly end.
    pub fn reset(self) {
        let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    /// Reads more bytes and returns whether there were any.
    async fn read_more(&mut self) -> bool {
        within(self.stream.read_buf(&mut self.read)).await.unwrap_or(0) > 0
    }

    /// Reads up to and including `text`; `None` if the connection ends first.
    pub async fn try_until(&mut self, text: &str) -> Option<String> {
        loop {
            let found = self.read.windows(text.len()).position(|window| window == text.as_bytes());
            if let Some(position) = found {
                let all: Vec<u8> = self.read.drain(..position + text.len()).collect();
                return Some(String::from_utf8(all).unwrap());
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    pub async fn until(&mut self, text: &str) -> String {
        let found = self.try_until(text).await;
        found.unwrap_or_else(|| panic!("no {text:?} in {:?}", String::from_utf8_lossy(&self.read)))
    }

    pub async fn try_head(&mut self) -> Option<String> {
        self.try_until("\r\n\r\n").await
    }

    /// Reads that many bytes, or fewer if the connection ends first.
    pub async fn up_to(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count && self.read_more().await {}
        let end = count.min(self.read.len());
        self.read.drain(..end).collect()
    }

    pub async fn exactly(&mut self, length: usize) -> String {
        let content = self.up_to(length).await;
        assert_eq!(content.len(), length, "the connection ended early");
        String::from_utf8(content).unwrap()
    }

    /// Whether the connection ends without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.up_to(1).await.is_empty()
    }

    /// Reads to the end of the connection, whether it is closed or reset.
    pub async fn rest(&mut self) -> String {
        while self.read_more().await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    pub async fn reply(&mut self) -> Reply {
        self.reply_to("GET").await
    }

    /// Reads a whole response; one to `HEAD` has no content.
    pub async fn reply_to(&mut self, method: &str) -> Reply {
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

    /// Reads chunks to the last one and skips the trailers.
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

    /// Reads a response with content of known length; `None` if the connection ends first.
    pub async fn response(&mut self) -> Option<Response> {
        let head = self.try_head().await?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let field =
            |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        let fields: Vec<_> = lines.filter_map(field).collect();
        let mut response = Response { status, fields, content: Vec::new() };
        if let Some(length) = response.field("content-length") {
            let length = length.parse().unwrap();
            response.content = self.up_to(length).await;
        }
        Some(response)
    }

    /// Reads a request with content of known length; `None` if the connection ends first.
    pub async fn request(&mut self) -> Option<String> {
        let head = self.try_head().await?;
        let length = field(&head, "content-length").unwrap_or("0").parse().unwrap();
        let content = self.up_to(length).await;
        Some(head + &String::from_utf8_lossy(&content))
    }
}
