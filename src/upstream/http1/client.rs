//! The client of one upstream, as one worker has it: connections, buffers, and the exchange.
//!
//! Nothing is sent twice. A kept connection that turns out dead before it took in a byte is replaced;
//! whatever fails later is told to the caller. Dropping an exchange closes its connection.

use bytes::Bytes;
use http::{Method, Request, Response};
use tokio::io::AsyncReadExt as _;

use crate::upstream::base_url::BaseUrl;
use crate::upstream::client::InvalidClient;
use crate::upstream::failure::CallFailure;
use crate::upstream::header_filter::HeaderFilter;
use crate::upstream::http1::answer::{Answer, Reading};
use crate::upstream::http1::connect::Connector;
use crate::upstream::http1::pool::{Buffers, Pool};
use crate::upstream::http1::request::RequestWriter;
use crate::upstream::http1::stream::{Stream, Unsent};
use crate::upstream::http1::tls;
use crate::upstream::settings::HttpSettings;

/// HTTP/1.1 to one upstream.
#[derive(Debug)]
pub(in crate::upstream) struct WireClient {
    connector: Connector,
    writer: RequestWriter,
    pool: Pool,
}

// ===== impl WireClient =====

impl WireClient {
    /// Connects to nothing yet. Reads certificate authorities from disk.
    pub(in crate::upstream) fn new(base: &BaseUrl, settings: &HttpSettings) -> Result<Self, InvalidClient> {
        // No TLS is ever spoken to a plain one, so a system without any authority can still run.
        let tls = if base.is_plain() { None } else { Some(tls::config(settings.ca_file.as_deref(), "http/1.1")?) };
        let base = base.to_url();
        Ok(Self {
            connector: Connector::new(&base, tls, settings.connect_timeout_ms.millis())?,
            writer: RequestWriter::new(&base),
            pool: Pool::new(settings.idle_timeout_ms.millis()),
        })
    }

    /// Sends `request` and reads the whole answer, its content as it was sent and at most `limit` bytes.
    pub(in crate::upstream) async fn exchange(
        &self,
        request: &Request<Bytes>,
        limit: usize,
        kept: HeaderFilter<'_>,
    ) -> Result<Response<Bytes>, CallFailure> {
        let mut buffers = self.pool.buffers();
        self.writer.write(request, &mut buffers.outgoing);
        let mut stream = self.send(&buffers.outgoing).await?;
        let reading = Reading::new(limit, request.method() == Method::HEAD, kept);
        let answer = receive(&mut stream, reading, &mut buffers).await?;
        self.pool.give_back(buffers);
        if answer.keeps_alive {
            self.pool.keep(stream);
        }
        Ok(answer.response)
    }

    /// The connection over which the message was sent.
    async fn send(&self, message: &[u8]) -> Result<Stream, CallFailure> {
        while let Some(mut kept) = self.pool.take() {
            match kept.send(message).await {
                Ok(()) => return Ok(kept),
                Err(Unsent { may_have_left: false, .. }) => {} // it was dead: as if it had not been kept
                Err(unsent) => return Err(CallFailure::Broken(unsent.error.into())),
            }
        }
        // Boxed, so that a call over a kept connection does not carry the room for a new one about.
        let connected = Box::pin(self.connector.connect()).await;
        let mut stream = connected.map_err(|error| CallFailure::Unreachable(error.into()))?;
        match stream.send(message).await {
            Ok(()) => Ok(stream),
            Err(unsent) => Err(CallFailure::Broken(unsent.error.into())),
        }
    }
}

async fn receive(stream: &mut Stream, mut reading: Reading<'_>, buffers: &mut Buffers) -> Result<Answer, CallFailure> {
    let buffer = &mut buffers.incoming;
    loop {
        buffer.reserve(reading.room(buffer));
        match stream.read_buf(buffer).await {
            Ok(0) => return reading.end(buffer),
            Ok(_) => {}
            Err(error) => return Err(CallFailure::Broken(error.into())),
        }
        if let Some(answer) = reading.advance(buffer)? {
            return Ok(answer);
        }
    }
}
