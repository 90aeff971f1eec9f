//! The fast path: simple HTTP/1.1 requests, one after the other on a connection.
//!
//! Nearly every request is one small message of known length. It is read into the buffer of its thread and
//! answered with one write, so an idle connection holds no buffer. The first request that is not simple
//! (see [`request`]) hands the connection over to hyper, together with all bytes that were not answered, so
//! that no rule of HTTP is implemented twice.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{Request, Response, StatusCode};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::server::body::{RequestBody, ResponseBody};
use crate::server::caller_stream::CallerStream;
use crate::server::fast_path::caller::{CallerConnection, NotRead};
use crate::server::fast_path::request::SimpleRequest;
use crate::server::hyper_connection::ConnectionError;

mod caller;
#[cfg(test)]
mod hyper_oracle;
mod request;
mod response;

/// The connection is handed over to hyper.
#[derive(Debug)]
pub(super) struct HandOver {
    /// The bytes read so far that belong to no answered request.
    pub(super) unread: Bytes,
}

/// Answers simple requests until another request arrives or the connection ends (`None`). After `stop` is
/// cancelled, only the current request is finished. A connection that is idle for `idle_timeout` is closed.
pub(super) async fn serve<F>(
    stream: &mut CallerStream,
    respond: impl Fn(Request<RequestBody>) -> F,
    idle_timeout: Duration,
    stop: &CancellationToken,
) -> Result<Option<HandOver>, ConnectionError>
where
    F: Future<Output = Response<ResponseBody>>,
{
    let mut caller = CallerConnection::new(stream, idle_timeout);
    let mut timer = pin!(sleep(idle_timeout));
    let mut stopped = pin!(stop.cancelled());
    loop {
        let SimpleRequest { request, closes, .. } = match caller.read(timer.as_mut(), stopped.as_mut()).await {
            Ok(simple) => simple,
            Err(NotRead::Unsupported) => return Ok(Some(HandOver { unread: caller.into_unread() })),
            Err(NotRead::End) => return Ok(None),
            Err(NotRead::Failed(error)) => return Err(error),
        };
        let response = pin!(respond(request));
        let response = caller.while_connected(response).await.ok_or(ConnectionError::CallerClosed)?;
        // Only a refusal has the field.
        let is_final = response.status() == StatusCode::BAD_REQUEST && response.headers().contains_key(CONNECTION);
        let closes = closes || is_final || stop.is_cancelled();
        response::send(&mut caller, response, closes).await?;
        if closes {
            return Ok(None);
        }
    }
}
