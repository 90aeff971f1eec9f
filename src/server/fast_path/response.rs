//! Sends a response: whole content in one write, streamed content chunk by chunk.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

use http::{Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;

use crate::http1::chunked::{self, LAST_CHUNK};
use crate::http1::framing::Framing;
use crate::http1::response_head;
use crate::server::body::ResponseBody;
use crate::server::fast_path::caller::CallerConnection;
use crate::server::hyper_connection::ConnectionError;

/// The largest capacity that the write buffer retains, in bytes.
const MAX_RETAINED_BYTES: usize = 64 << 10;

thread_local! {
    /// The write buffer of the thread, used only within one poll.
    static WRITE_BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Sends the response.
///
/// # Errors
/// If the connection fails, the caller disconnects, or streamed content fails. The connection must be closed
/// then, so that a partial response does not look complete.
pub(super) async fn send(
    caller: &mut CallerConnection<'_>,
    response: Response<ResponseBody>,
    closes: bool,
) -> Result<(), ConnectionError> {
    let (parts, body) = response.into_parts();
    let has_content = parts.status != StatusCode::NO_CONTENT && parts.status != StatusCode::NOT_MODIFIED;
    let framing = match &body {
        _ if !has_content => Framing::Empty,
        ResponseBody::Whole(content) => Framing::Length(content.len() as u64),
        ResponseBody::Streamed(_) => body.size_hint().exact().map_or(Framing::Chunked, Framing::Length),
    };
    let write_head = |out: &mut Vec<u8>| response_head::write(parts.status, &parts.headers, framing, closes, out);
    match body {
        ResponseBody::Whole(content) => {
            let content = if has_content { &content[..] } else { &[] };
            Ok(send_whole(caller, write_head, content).await?)
        }
        ResponseBody::Streamed(_) => {
            let mut out = Vec::new();
            write_head(&mut out);
            caller.send(&out).await?;
            if has_content { stream(caller, body, framing).await } else { Ok(()) }
        }
    }
}

async fn send_whole(
    caller: &mut CallerConnection<'_>,
    write_head: impl Fn(&mut Vec<u8>),
    content: &[u8],
) -> io::Result<()> {
    // What the socket does not accept at once is copied, which is rare or little.
    let rest = poll_fn(|context| {
        WRITE_BUFFER.with_borrow_mut(|out| {
            out.clear();
            out.shrink_to(MAX_RETAINED_BYTES);
            write_head(out);
            out.extend_from_slice(content);
            Poll::Ready(caller.send_now(context, out).map(|sent| out[sent..].to_vec()))
        })
    })
    .await?;
    if rest.is_empty() { Ok(()) } else { caller.send(&rest).await }
}

async fn stream(
    caller: &mut CallerConnection<'_>,
    mut body: ResponseBody,
    framing: Framing,
) -> Result<(), ConnectionError> {
    loop {
        let frame = caller.while_connected(body.frame()).await.ok_or(ConnectionError::CallerClosed)?;
        match frame.transpose()?.map(Frame::into_data) {
            // Trailers are sent only to callers that request them, and hyper serves those.
            Some(Err(_)) => {}
            Some(Ok(data)) if data.is_empty() => {}
            Some(Ok(data)) if framing == Framing::Chunked => {
                let mut chunk = Vec::with_capacity(data.len() + 20);
                chunked::write_chunk(&data, &mut chunk);
                caller.send(&chunk).await?;
            }
            Some(Ok(data)) => caller.send(&data).await?,
            None => break,
        }
    }
    if framing == Framing::Chunked {
        caller.send(LAST_CHUNK).await?;
    }
    Ok(())
}
