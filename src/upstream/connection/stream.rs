//! One connection to an upstream, plain or TLS.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::upstream::connection::pool::{Idle, IdleState};

/// A connection.
#[derive(Debug)]
pub(in crate::upstream) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A message was not sent completely.
#[derive(Debug)]
pub(in crate::upstream) struct SendError {
    pub(in crate::upstream) error: io::Error,
    /// Whether part of it may have been sent.
    pub(in crate::upstream) may_have_left: bool,
}

// ===== impl Stream =====

impl Stream {
    /// Sends the whole message.
    pub(in crate::upstream) async fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        let mut sent = 0;
        while sent < message.len() {
            match self.write(&message[sent..]).await {
                Ok(0) => return Err(self.send_error(io::ErrorKind::WriteZero.into(), sent)),
                Ok(length) => sent += length,
                Err(error) => return Err(self.send_error(error, sent)),
            }
        }
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(stream) => stream.flush().await.map_err(|error| SendError { error, may_have_left: true }),
        }
    }

    /// Whether TLS has agreed on HTTP/2.
    pub(in crate::upstream) fn is_http2(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    fn send_error(&self, error: io::Error, sent: usize) -> SendError {
        // TLS may have sent earlier records of the message.
        SendError { error, may_have_left: sent > 0 || matches!(self, Self::Tls(_)) }
    }
}

impl Idle for Stream {
    fn state(&mut self) -> IdleState {
        match self {
            Self::Plain(stream) => match NonBlocking(stream).read(&mut [0]) {
                Ok(0) => IdleState::Closed,
                Ok(_) => IdleState::Unexpected,
                Err(error) => blocked(&error),
            },
            Self::Tls(stream) => {
                let (stream, tls) = stream.get_mut();
                loop {
                    // Session tickets may arrive at any time; content may not.
                    match tls.process_new_packets() {
                        Ok(state) if state.plaintext_bytes_to_read() > 0 => return IdleState::Unexpected,
                        Ok(state) if !state.peer_has_closed() => {}
                        Ok(_) | Err(_) => return IdleState::Closed,
                    }
                    match tls.read_tls(&mut NonBlocking(stream)) {
                        Ok(0) => return IdleState::Closed,
                        Ok(_) => {}
                        Err(error) => return blocked(&error),
                    }
                }
            }
        }
    }
}

fn blocked(error: &io::Error) -> IdleState {
    if error.kind() == io::ErrorKind::WouldBlock { IdleState::Quiet } else { IdleState::Closed }
}

/// Reads without waiting, with a system call each time: the runtime may not know yet that bytes have arrived.
struct NonBlocking<'a>(&'a TcpStream);

impl Read for NonBlocking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*SockRef::from(self.0)).read(buffer)
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
