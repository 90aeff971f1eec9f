//! A provider that knows a few users, imitated on its own socket.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::KNOWN;

/// The id of a passkey, as long as the ids of synced passkeys.
pub(crate) fn id(email: &str, number: usize) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("{email:*<18}-{number}").as_bytes())
}

/// A provider that knows the same users, and takes the same time for every response.
pub(crate) fn imitate() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            std::thread::spawn(move || serve(connection.unwrap()));
        }
    });
    address
}

fn serve(mut connection: TcpStream) {
    connection.set_nodelay(true).unwrap();
    let (mut kept, mut serial) = (Vec::new(), 0u64);
    loop {
        let mut buffer = [0; 8192];
        let Ok(count @ 1..) = connection.read(&mut buffer) else { return };
        kept.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&kept).into_owned();
        let Some((head, content)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.to_lowercase().split("content-length: ").nth(1).map(|rest| rest.lines().next().unwrap().to_owned());
        if content.len() < length.map_or(0, |length| length.trim().parse().unwrap()) {
            continue;
        }
        serial += 1;
        let begins = head.contains("begin-auth");
        let known = KNOWN.into_iter().find(|(email, _)| begins && content.contains(email));
        // Created in both cases, because only the gateway is measured.
        let (email, passkeys) = known.unwrap_or(KNOWN[0]);
        let options = options(serial, email, passkeys);
        let (status, answer) = match known {
            Some(_) => ("200 OK", options),
            None => ("401 Unauthorized", "{\"error\":\"no\"}".to_owned()),
        };
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        kept.clear();
        if connection.write_all(format!("{head}{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

fn options(serial: u64, email: &str, passkeys: usize) -> String {
    use base64::Engine as _;
    let mut challenge = [7; 32];
    challenge[..8].copy_from_slice(&serial.to_be_bytes());
    challenge[8..16].copy_from_slice(&u64::from(std::process::id()).to_be_bytes());
    // Each connection counts separately.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    challenge[16..].copy_from_slice(&now.as_nanos().to_be_bytes());
    let challenge = base64::engine::general_purpose::STANDARD.encode(challenge);
    let passkey =
        |number| serde_json::json!({ "id": id(email, number), "type": "public-key", "transports": ["internal"] });
    let listed: Vec<_> = (0..passkeys).map(passkey).collect();
    serde_json::json!({ "data": {
        "challenge": challenge, "timeout": 300_000, "rpId": "localhost", "allowCredentials": listed,
        "userVerification": "preferred",
    } })
    .to_string()
}
