//! One connection to an upstream, plain or TLS.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A message was not sent completely.
#[derive(Debug)]
pub(super) struct SendError {
    pub(super) error: io::Error,
    /// Whether part of it may have been sent.
    pub(super) may_have_left: bool,
}

// ===== impl Stream =====

impl Stream {
    /// Sends the whole message.
    pub(super) async fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
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

    fn send_error(&self, error: io::Error, sent: usize) -> SendError {
        // TLS may have sent earlier records of the message.
        SendError { error, may_have_left: sent > 0 || matches!(self, Self::Tls(_)) }
    }

    /// Whether the peer has neither closed the connection nor sent anything, as far as the runtime knows.
    /// Makes no system call unless the socket became ready.
    pub(super) fn is_idle(&mut self) -> bool {
        match self {
            Self::Plain(stream) => is_blocked(stream.try_read(&mut [0])),
            Self::Tls(stream) => {
                let (stream, tls) = stream.get_mut();
                loop {
                    // Session tickets may arrive at any time; content may not.
                    match tls.process_new_packets() {
                        Ok(state) if state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed() => {}
                        Ok(_) | Err(_) => return false,
                    }
                    match tls.read_tls(&mut NonBlocking(stream)) {
                        Ok(0) => return false,
                        Ok(_) => {}
                        read @ Err(_) => return is_blocked(read),
                    }
                }
            }
        }
    }
}

fn is_blocked(read: io::Result<usize>) -> bool {
    matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Reads without waiting.
struct NonBlocking<'a>(&'a TcpStream);

impl Read for NonBlocking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
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
