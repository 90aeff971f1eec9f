//! WebSocket connections: the one upgrade that is carried, and only to a target that allows it.
//!
//! After both sides have said 101, bytes are copied either way until one side ends, or until the drain
//! cuts it. Upgrades exist in HTTP/1.1 only. Any other protocol is not offered on.

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Version, request};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio_util::task::TaskTracker;

use crate::server::accept::Place;
use crate::server::passthrough::hop_by_hop::has_token;

const WEBSOCKET: &str = "websocket";

/// A caller that waits for its 101.
pub(super) struct Upgrade {
    caller: OnUpgrade,
    place: Option<Place>,
}

// ===== impl Upgrade =====

impl Upgrade {
    /// The upgrade a request asks for, if it is one that can be carried.
    pub(super) fn asked(head: &mut request::Parts) -> Option<Self> {
        let may_ask = head.version == Version::HTTP_11 && head.method == Method::GET;
        if !may_ask || !names_websocket(&head.headers) {
            return None;
        }
        Some(Self { caller: head.extensions.remove()?, place: head.extensions.get().cloned() })
    }

    /// Copies bytes between the two in a task of `tasks`, once the caller has had its 101.
    ///
    /// `false` if the target's 101 is for another protocol than was asked for.
    pub(super) fn carry(self, answer: reqwest::Response, tasks: &TaskTracker) -> bool {
        if !names_websocket(answer.headers()) {
            return false;
        }
        tasks.spawn(async move {
            let _place = self.place;
            let (Ok(mut target), Ok(caller)) = (answer.upgrade().await, self.caller.await) else {
                tracing::debug!("an upgraded connection ended before it began");
                return;
            };
            if let Err(error) = copy_bidirectional(&mut TokioIo::new(caller), &mut target).await {
                tracing::debug!(%error, "an upgraded connection was lost");
            }
        });
        true
    }
}

/// Writes the fields of an upgrade, in a request or in its 101.
pub(super) fn offer(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
}

fn names_websocket(headers: &HeaderMap) -> bool {
    has_token(headers, CONNECTION, "upgrade") && has_token(headers, UPGRADE, WEBSOCKET)
}
