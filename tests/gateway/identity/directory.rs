//! A service that says who users are, as a map asks it: it answers what a test says, and keeps what it
//! was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The service.
pub(crate) struct Directory {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Without one, nothing is ever answered.
    answer: Mutex<Option<String>>,
    asked: Mutex<Vec<String>>,
}

impl Directory {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(answer(connection, serving.clone()));
            }
        });
        Self { address, shared }
    }

    /// `[identity.users]` that asks it, with more in it.
    pub(crate) fn map(&self, more: &str) -> String {
        format!(
            "[identity.users]\nurl = \"http://{}/users/{{user.email}}\"\ncaller = {{ \"user.email\" = \"mail\" }}\n\
             upstream = {{ \"user.id\" = \"/data/id\" }}\nfields = {{ authorization = \"env:OUR_KEY\" }}\n{more}\n",
            self.address
        )
    }

    /// From now on it answers this.
    pub(crate) fn answers(&self, status: u16, content: &str) {
        let length = content.len();
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{content}");
        *self.shared.answer.lock().unwrap() = Some(answer);
    }

    /// What it was asked.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }
}

async fn answer(mut connection: TcpStream, shared: Arc<Shared>) {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        match connection.read_u8().await {
            Ok(byte) => asked.push(byte),
            Err(_) => return,
        }
    }
    shared.asked.lock().unwrap().push(String::from_utf8(asked).unwrap());
    let answer = shared.answer.lock().unwrap().clone();
    match answer {
        Some(answer) => drop(connection.write_all(answer.as_bytes()).await),
        // Until whoever asks has given up.
        None => drop(connection.read_u8().await),
    }
}
