//! Reading a request's content completely, within its limits.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::gateway::handler::Content;
use crate::gateway::limits::Limits;
use crate::model::fault::{Fault, Refusal};
use crate::provider::descriptor::Accepts;

/// Reads the content of a request, and leaves it as it was read.
///
/// # Errors
/// `too_large`, also if only the announced length is; `invalid_request` if it is incomplete or takes too long.
pub async fn read_content<B>(fields: &HeaderMap, content: &mut Content<B>, limits: &Limits) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let max = limits.max_content_bytes.count();
    let body = match content {
        Content::Unread(body) => body,
        Content::Read(bytes) if bytes.len() <= max => return Ok(bytes.clone()),
        Content::Read(_) => return Err(too_large()),
    };
    let announced = announced(fields);
    let read = match announced.is_some_and(|announced| announced > limits.max_content_bytes.get()) {
        true => Err(too_large()),
        false => match timeout(limits.content_deadline_ms.millis(), collect(body, max)).await {
            Ok(read) => read,
            Err(_) => Err(Refusal::with_public_message(Fault::InvalidRequest, "The content did not arrive in time.")),
        },
    };
    let is_sending = !fields.contains_key(EXPECT) && announced.is_some_and(|announced| announced <= MAX_DRAINED_BYTES);
    if read.as_ref().is_err_and(|refusal| refusal.fault == Fault::TooLarge) && is_sending {
        // The answer is the same whether the drain succeeds or not.
        let _ = timeout(DRAIN_TIMEOUT, drain(body)).await;
    }
    let read = read?;
    *content = Content::Read(read.clone());
    Ok(read)
}

/// How long unwanted content is read.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// Whether the announced length is over the limit.
pub(crate) fn is_announced_too_large(fields: &HeaderMap, limits: &Limits) -> bool {
    announced(fields).is_some_and(|announced| announced > limits.max_content_bytes.get())
}

fn announced(fields: &HeaderMap) -> Option<u64> {
    fields.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// Most callers send everything before they read the response. Content up to this size, in bytes, is read and dropped, so
/// that they can read the refusal.
const MAX_DRAINED_BYTES: u64 = 1 << 20;

async fn drain<B>(body: &mut B)
where
    B: Body<Data = Bytes> + Send + Unpin,
{
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, |data| data.len() as u64);
        if drained > MAX_DRAINED_BYTES {
            return;
        }
    }
}

async fn collect<B>(body: &mut B, max: usize) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Refusal::with_public_message(Fault::InvalidRequest, "The content is incomplete."));
        };
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > max {
            return Err(too_large());
        }
        // Content in one piece is not copied.
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

fn too_large() -> Refusal {
    Refusal::new(Fault::TooLarge, "the content is larger than max_content_bytes")
}

/// Whether content of a media type is read as JSON.
pub fn is_accepted(accepts: Accepts, fields: &HeaderMap) -> bool {
    let Some(value) = fields.get(CONTENT_TYPE) else { return true };
    match accepts {
        Accepts::Any => true,
        Accepts::Json => value.to_str().is_ok_and(|value| {
            let (kind, subtype) =
                value.split(';').next().and_then(|name| name.trim().split_once('/')).unwrap_or_default();
            let syntax = subtype.rsplit('+').next().unwrap_or_default();
            kind.eq_ignore_ascii_case("application") && syntax.eq_ignore_ascii_case("json")
        }),
    }
}
