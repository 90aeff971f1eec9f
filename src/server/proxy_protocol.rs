//! The PROXY protocol, versions 1 and 2: the source of a connection that a load balancer passes on.
//!
//! On a listener with this protocol every connection must come from a trusted proxy and begin with a header. Whether one
//! is there is never guessed, because a client could then send one itself.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::timeout;

/// The beginning of a header of version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The length of the fixed part of a header of version 2.
const FIXED_LENGTH: usize = 16;
/// The longest header of version 1, and of version 2 with the information of the load balancer.
const MAX_V1_BYTES: usize = 107;
const MAX_V2_BYTES: usize = 4 << 10;

/// Why a connection has no valid header.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyHeaderError {
    #[error("the connection failed before the end of the PROXY protocol header")]
    Io(#[from] io::Error),
    #[error("the connection does not begin with a valid PROXY protocol header")]
    Invalid,
    #[error("no PROXY protocol header arrived in time")]
    Timeout,
}

/// Reads the header, and no byte more. `None` if the load balancer names no source, as for its own health checks.
pub(super) async fn read_header(
    stream: &mut (impl AsyncRead + Unpin),
    header_timeout: Duration,
) -> Result<Option<SocketAddr>, ProxyHeaderError> {
    let header = timeout(header_timeout, read_bytes(stream)).await.map_err(|_| ProxyHeaderError::Timeout)??;
    source(&header).ok_or(ProxyHeaderError::Invalid)
}

async fn read_bytes(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, ProxyHeaderError> {
    let mut header = vec![0; SIGNATURE.len()];
    stream.read_exact(&mut header).await?;
    if header == SIGNATURE {
        header.resize(FIXED_LENGTH, 0);
        stream.read_exact(&mut header[SIGNATURE.len()..]).await?;
        let length = usize::from(u16::from_be_bytes([header[14], header[15]]));
        if FIXED_LENGTH + length > MAX_V2_BYTES {
            return Err(ProxyHeaderError::Invalid);
        }
        header.resize(FIXED_LENGTH + length, 0);
        stream.read_exact(&mut header[FIXED_LENGTH..]).await?;
    } else if header.starts_with(b"PROXY ") {
        // Byte by byte, because the length is not known and the bytes after the header belong to HTTP.
        while !header.ends_with(b"\n") {
            if header.len() == MAX_V1_BYTES {
                return Err(ProxyHeaderError::Invalid);
            }
            header.push(stream.read_u8().await?);
        }
    }
    Ok(header)
}

/// The source that a header names. `None` if it is not valid.
fn source(header: &[u8]) -> Option<Option<SocketAddr>> {
    let is_strict = header.starts_with(&SIGNATURE) || is_strict_v1(header);
    let parsed = is_strict.then(|| ProxyHeader::parse(header, ParseConfig::default()))?;
    let (parsed, length) = parsed.ok()?;
    (length == header.len()).then(|| parsed.proxied_address().map(|address| address.source))
}

/// What the parser accepts beyond version 1: other separators, names that begin with `UNKNOWN`, and other notations of
/// ports.
fn is_strict_v1(header: &[u8]) -> bool {
    let Some(line) = header.strip_suffix(b"\r\n").and_then(|line| line.strip_prefix(b"PROXY ")) else { return false };
    if line == b"UNKNOWN" || line.starts_with(b"UNKNOWN ") {
        return true;
    }
    let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let is_port = |port: &&[u8]| {
        !port.is_empty() && port.iter().all(u8::is_ascii_digit) && (port.len() == 1 || !port.starts_with(b"0"))
    };
    parts.len() == 5 && matches!(parts[0], b"TCP4" | b"TCP6") && parts[3..].iter().all(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> Result<(Option<String>, usize), String> {
        let source = read_header(&mut bytes, Duration::from_secs(5)).await.map_err(|error| error.to_string())?;
        Ok((source.map(|source| source.to_string()), bytes.len()))
    }

    fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[0x20 | command, family], &length, addresses, b"GET"].concat()
    }

    #[tokio::test]
    async fn header_names_the_source_and_nothing_after_it_is_read() {
        let found = |address: &str| Ok((Some(address.to_owned()), 3));
        assert_eq!(read(b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\nGET").await, found("203.0.113.7:4711"));
        assert_eq!(read(b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\nGET").await, found("[2001:db8::1]:1"));
        let v4 = [203, 0, 113, 7, 192, 0, 2, 1, 0x12, 0x67, 0, 80];
        assert_eq!(read(&v2(1, 0x11, &v4)).await, found("203.0.113.7:4711"));
        assert_eq!(read(&v2(1, 0x11, &[&v4[..], &[4, 0, 1, 0]].concat())).await, found("203.0.113.7:4711"));
        for local in [&b"PROXY UNKNOWN\r\nGET"[..], b"PROXY UNKNOWN x y\r\nGET", &v2(0, 0x11, &v4), &v2(0, 0, &[])] {
            assert_eq!(read(local).await, Ok((None, 3)));
        }
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "PROXYxTCP4 203.0.113.7 192.0.2.1 4711 80\r\n",
            "PROXY UNKNOWNX\r\n",
            "PROXY TCP4 203.0.113.7 192.0.2.1 +1 80\r\n",
            "PROXY TCP4 203.0.113.7 192.0.2.1 0001 80\r\n",
            "PROXY TCP4 203.0.113.7 192.0.2.1 70000 80\r\n",
            "PROXY TCP4 2001:db8::1 192.0.2.1 1 80\r\n",
            "PROXY TCP4 203.0.113.7 192.0.2.1 1 80\n",
            "PROXY TCP4  203.0.113.7 192.0.2.1 1 80\r\n",
            "PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n",
            "proxy TCP4 203.0.113.7 192.0.2.1 1 80\r\n",
            &long,
        ] {
            assert!(read(text.as_bytes()).await.unwrap_err().contains("valid"), "{text}");
        }
        for bytes in [v2(2, 0x11, &[0; 12]), v2(1, 0x11, &[0; 4]), v2(1, 0x11, &[0; 5000])] {
            assert!(read(&bytes).await.is_err());
        }
        assert!(read(b"PROXY TCP4 203.0.113.7").await.unwrap_err().contains("failed before the end"));
    }

    #[tokio::test(start_paused = true)]
    async fn header_that_does_not_arrive_times_out() {
        let (mut stream, _other) = tokio::io::duplex(64);
        let error = read_header(&mut stream, Duration::from_secs(5)).await.unwrap_err();
        assert!(matches!(error, ProxyHeaderError::Timeout));
    }
}
