//! The lean way from a caller: requests of HTTP/1.1 that arrive whole, one after the other.
//!
//! Nearly every request is one small message of known length. It is read into the one buffer of its
//! worker and answered by one write, so a connection that waits holds no buffer at all. What is not as
//! plain as that (see [`request`]) goes to the library's server, and its connection stays there: every
//! byte that was read goes along, and nothing of it was answered. So no rule of HTTP is decided twice.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::server::body::EdgeBody;
use crate::server::fast_path::caller::{Caller, Unserved};
use crate::server::fast_path::request::Plain;
use crate::server::hyper_connection::ConnectionError;
use crate::server::passthrough::incoming::Streamed;

#[cfg(test)]
mod agreement;
mod caller;
mod head;
mod request;
mod response;

/// How the lean way ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With the connection.
    Over,
    /// What came next is not plain; these are its bytes so far.
    Unsupported(Bytes),
}

/// Answers plain requests until one is not, or the connection ends; once `stop` is cancelled, no
/// further than what is under way. A connection on which nothing begins for `silence` is closed.
pub(super) async fn serve<F>(
    stream: &mut TcpStream,
    answer: impl Fn(Request<EdgeBody<Incoming>>) -> F,
    silence: Duration,
    stop: &CancellationToken,
) -> Result<Ended, ConnectionError>
where
    F: Future<Output = Result<Response<EdgeBody<Streamed>>, Infallible>>,
{
    let mut caller = Caller::new(stream, silence);
    let mut alarm = pin!(sleep(silence));
    let mut stopped = pin!(stop.cancelled());
    loop {
        let Plain { request, closes, .. } = match caller.next(alarm.as_mut(), stopped.as_mut()).await {
            Ok(plain) => plain,
            Err(Unserved::Unsupported) => return Ok(Ended::Unsupported(caller.into_unread())),
            Err(Unserved::End) => return Ok(Ended::Over),
            Err(Unserved::Failed(error)) => return Err(error),
        };
        let answer = pin!(answer(request));
        let Ok(response) = caller.while_here(answer).await.ok_or(ConnectionError::Left)?;
        let closes = closes || stop.is_cancelled();
        response::send(&mut caller, response, closes).await?;
        if closes {
            return Ok(Ended::Over);
        }
    }
}
