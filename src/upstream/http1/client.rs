//! Sends a request over a pooled or new connection and reads the response.
//!
//! No request is sent twice. A pooled connection that turns out to be closed before it accepted a byte is
//! replaced; a later failure is returned, unless the upstream had answered before. Dropping a call closes its
//! connection.

use std::io;

use bytes::Bytes;
use http::{Method, Request, Response};
use tokio::io::AsyncReadExt as _;

use crate::http1::header_filter::HeaderFilter;
use crate::http1::invalid_message::InvalidMessage;
use crate::http1::response_reader::{CompleteResponse, ResponseReader};
use crate::upstream::base_url::BaseUrl;
use crate::upstream::connection::connect::Connector;
use crate::upstream::connection::pool::Pool;
use crate::upstream::connection::stream::{SendError, Stream};
use crate::upstream::failure::CallFailure;
use crate::upstream::http_settings::HttpSettings;
use crate::upstream::http1::buffers::{BufferPool, Buffers};
use crate::upstream::http1::request_writer::RequestWriter;
use crate::upstream::tls::{self, TlsError};

/// The HTTP/1.1 client of one worker for one upstream.
#[derive(Debug)]
pub(in crate::upstream) struct Http1Client {
    connector: Connector,
    writer: RequestWriter,
    pool: Pool<Stream>,
    buffers: BufferPool,
}

// ===== impl Http1Client =====

impl Http1Client {
    /// Reads certificate authorities from disk. Does not connect yet.
    pub(in crate::upstream) fn new(base: &BaseUrl, settings: &HttpSettings) -> Result<Self, TlsError> {
        // A plain upstream needs no TLS, so it works on a system without certificate authorities.
        let tls =
            if base.is_plain() { None } else { Some(tls::client_config(settings.ca_file.as_deref(), &["http/1.1"])?) };
        let base = base.to_url();
        Ok(Self {
            connector: Connector::new(&base, tls, settings.connect_timeout_ms.millis())?,
            writer: RequestWriter::new(&base),
            pool: Pool::new(settings.idle_timeout_ms.millis()),
            buffers: BufferPool::default(),
        })
    }

    /// Sends `request` and reads the response, at most `limit` bytes of content, which stays encoded.
    pub(in crate::upstream) async fn call(
        &self,
        request: &Request<Bytes>,
        limit: usize,
        filter: HeaderFilter<'_>,
    ) -> Result<Response<Bytes>, CallFailure> {
        let mut buffers = self.buffers.take();
        self.writer.write(request, &mut buffers.outgoing);
        let Sent { mut stream, is_reused, error } = self.send(&buffers.outgoing).await?;
        let reader = ResponseReader::new(limit, request.method() == Method::HEAD, filter);
        let received = receive(&mut stream, reader, &mut buffers).await;
        let complete = match (received, error) {
            (Ok(complete), None) => complete,
            // The upstream refused the request before it had read all of it (RFC 9112 section 9.5).
            (Ok(complete), Some(_)) => CompleteResponse { keeps_alive: false, ..complete },
            (Err(_), Some(error)) => return Err(CallFailure::Broken(error.into())),
            (Err(failure), None) => return Err(failure),
        };
        self.buffers.put(buffers);
        if complete.keeps_alive {
            self.pool.put(stream);
        } else if complete.is_followed {
            self.pool.distrust();
            if is_reused {
                return Err(InvalidMessage::Followed.into());
            }
        }
        Ok(complete.response)
    }

    /// Sends `message` over a connection. If part of it could not be sent, a response may be there already.
    async fn send(&self, message: &[u8]) -> Result<Sent, CallFailure> {
        while let Some(mut stream) = self.pool.take() {
            match stream.send(message).await {
                Ok(()) => return Ok(Sent { stream, is_reused: true, error: None }),
                Err(SendError { may_have_left: false, .. }) => {} // it was closed: try the next connection
                Err(SendError { error, .. }) => return Ok(Sent { stream, is_reused: true, error: Some(error) }),
            }
        }
        // Boxed to keep the connection setup out of every call's future.
        let connected = Box::pin(self.connector.connect()).await;
        let mut stream = connected.map_err(|error| CallFailure::Unreachable(error.into()))?;
        let error = stream.send(message).await.err().map(|failed| failed.error);
        Ok(Sent { stream, is_reused: false, error })
    }
}

/// A request that was sent, completely unless there is an `error`.
struct Sent {
    stream: Stream,
    is_reused: bool,
    error: Option<io::Error>,
}

async fn receive(
    stream: &mut Stream,
    mut reader: ResponseReader<'_>,
    buffers: &mut Buffers,
) -> Result<CompleteResponse, CallFailure> {
    let buffer = &mut buffers.incoming;
    loop {
        buffer.reserve(reader.next_read_size(buffer));
        match stream.read_buf(buffer).await {
            Ok(0) => return Ok(reader.finish(buffer)?),
            Ok(_) => {}
            Err(error) => return Err(CallFailure::Broken(error.into())),
        }
        if let Some(complete) = reader.advance(buffer)? {
            return Ok(complete);
        }
    }
}
