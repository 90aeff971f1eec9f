//! An upstream that imitates two providers: it answers every begin with a new challenge.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Serves until the process ends.
pub(crate) fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    while let Some((head, _)) = message(&mut stream) {
        if stream.write_all(answer(&head).as_bytes()).is_err() {
            return;
        }
    }
}

/// The response to a request with this head.
pub(crate) fn answer(head: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let challenge = format!("{:032x}", NEXT.fetch_add(1, Ordering::Relaxed));
    let content = if head.starts_with("POST /passkey/challenge ") {
        let session = "s".repeat(480);
        format!(
            r#"{{"auth_session":"{session}","authn_params_public_key":{{"challenge":"{challenge}","timeout":60000,"rpId":"auth.example.com","userVerification":"preferred"}}}}"#
        )
    } else {
        with_credentials(20, &challenge)
    };
    // As many fields as a provider behind a content delivery network sends.
    let fields = "date: Sun, 22 Nov 2026 07:05:26 GMT\r\ncontent-type: application/json; charset=utf-8\r\n\
                  vary: origin\r\ncache-control: no-store\r\nx-request-id: 0123456789abcdef\r\nserver: x\r\n\
                  strict-transport-security: max-age=31536000\r\nx-content-type-options: nosniff\r\n";
    format!("HTTP/1.1 200 OK\r\n{fields}content-length: {}\r\n\r\n{content}", content.len())
}

/// The response to a begin with this many credentials, in the format of the provider of `lists`.
pub(crate) fn with_credentials(count: usize, challenge: &str) -> String {
    let id = |number: usize| format!("{number:04}{}", "A7b+/9Zq".repeat(10 + number % 3));
    let all: Vec<_> = (0..count).map(|number| format!(r#"{{"type":"public-key","id":"{}"}}"#, id(number))).collect();
    format!(
        r#"{{"public_key_credential_request_options":{{"publicKey":{{"challenge":"{challenge}","timeout":60000,"rpId":"localhost","allowCredentials":[{}],"userVerification":"discouraged"}}}},"user_id":"user@example.com"}}"#,
        all.join(",")
    )
}

/// The next message with a `content-length`: head and content; `None` once the connection has ended.
pub(crate) fn message(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
            });
            let begin = end + 4;
            if read.len() >= begin + length.unwrap_or(0) {
                return Some((head, read.split_off(begin)));
            }
        }
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            length => read.extend_from_slice(&buffer[..length]),
        }
    }
}
