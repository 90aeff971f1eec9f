//! Sending an answer: in one write where it is in one piece, chunk by chunk where it is streamed.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

use http::{Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;

use crate::server::body::EdgeBody;
use crate::server::fast_path::caller::Caller;
use crate::server::fast_path::head::{self, Framing};
use crate::server::hyper_connection::ConnectionError;
use crate::server::passthrough::incoming::Streamed;

thread_local! {
    /// What a worker writes an answer into, which the system takes before anybody else writes.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The most that the buffer keeps for the next answer, in bytes.
const MOST_KEPT: usize = 64 << 10;

/// Sends the answer.
///
/// # Errors
/// When the connection breaks, the caller leaves, or content does not come to its end: then half an answer must not
/// look whole.
pub(super) async fn send(
    caller: &mut Caller<'_>,
    response: Response<EdgeBody<Streamed>>,
    closes: bool,
) -> Result<(), ConnectionError> {
    let (parts, body) = response.into_parts();
    let has_content = parts.status != StatusCode::NO_CONTENT && parts.status != StatusCode::NOT_MODIFIED;
    let framing = match &body {
        _ if !has_content => Framing::None,
        EdgeBody::Whole(content) => Framing::Length(content.len() as u64),
        EdgeBody::Streamed(_) => body.size_hint().exact().map_or(Framing::Chunked, Framing::Length),
    };
    let begin = |out: &mut Vec<u8>| head::write(parts.status, &parts.headers, framing, closes, out);
    match body {
        EdgeBody::Whole(content) => {
            let content = if has_content { &content[..] } else { &[] };
            Ok(send_whole(caller, begin, content).await?)
        }
        EdgeBody::Streamed(_) => {
            let mut out = Vec::new();
            begin(&mut out);
            caller.send(&out).await?;
            if has_content { stream(caller, body, framing).await } else { Ok(()) }
        }
    }
}

async fn send_whole(caller: &mut Caller<'_>, begin: impl Fn(&mut Vec<u8>), content: &[u8]) -> io::Result<()> {
    // What the system does not take at once is copied: it is little, or the caller is slow.
    let rest = poll_fn(|context| {
        BUFFER.with_borrow_mut(|out| {
            out.clear();
            out.shrink_to(MOST_KEPT);
            begin(out);
            out.extend_from_slice(content);
            Poll::Ready(caller.send_now(context, out).map(|sent| out[sent..].to_vec()))
        })
    })
    .await?;
    if rest.is_empty() { Ok(()) } else { caller.send(&rest).await }
}

async fn stream(
    caller: &mut Caller<'_>,
    mut body: EdgeBody<Streamed>,
    framing: Framing,
) -> Result<(), ConnectionError> {
    loop {
        let frame = caller.while_here(body.frame()).await.ok_or(ConnectionError::Left)?;
        match frame.transpose()?.map(Frame::into_data) {
            // Trailers are for those who asked for them, which makes their requests another server's.
            Some(Err(_)) => {}
            Some(Ok(data)) if data.is_empty() => {}
            Some(Ok(data)) if framing == Framing::Chunked => {
                let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
                chunk.extend_from_slice(&data);
                chunk.extend_from_slice(b"\r\n");
                caller.send(&chunk).await?;
            }
            Some(Ok(data)) => caller.send(&data).await?,
            None => break,
        }
    }
    if framing == Framing::Chunked {
        caller.send(b"0\r\n\r\n").await?;
    }
    Ok(())
}
