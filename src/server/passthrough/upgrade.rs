//! WebSocket, the only upgrade that passes through, and only to targets with `upgrade`.
//!
//! After the 101 of the target was sent to the caller, bytes are copied in both directions until either
//! side closes or the drain ends. Upgrades exist only in HTTP/1.1. Other protocols are not forwarded.

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Response, Version, request};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio_util::task::TaskTracker;

use crate::server::connection_admission::ConnectionPermit;
use crate::server::passthrough::hop_by_hop::has_token;

const WEBSOCKET: &str = "websocket";

/// The upgrade of a caller's connection.
pub(super) struct Upgrade {
    caller: OnUpgrade,
    permit: Option<ConnectionPermit>,
}

// ===== impl Upgrade =====

impl Upgrade {
    /// The requested upgrade, if it can be forwarded.
    pub(super) fn of_request(head: &mut request::Parts) -> Option<Self> {
        let may_upgrade = head.version == Version::HTTP_11 && head.method == Method::GET;
        if !may_upgrade || !is_websocket(&head.headers) {
            return None;
        }
        Some(Self { caller: head.extensions.remove()?, permit: head.extensions.get().cloned() })
    }

    /// Starts a task in `tasks` that copies bytes in both directions once the caller has received the 101.
    ///
    /// Returns `false` if the target switched to another protocol.
    pub(super) fn start_copying(self, response: Response<Incoming>, tasks: &TaskTracker) -> bool {
        if !is_websocket(response.headers()) {
            return false;
        }
        tasks.spawn(async move {
            let _permit = self.permit;
            let (Ok(target), Ok(caller)) = (hyper::upgrade::on(response).await, self.caller.await) else {
                tracing::debug!("upgrade failed");
                return;
            };
            if let Err(error) = copy_bidirectional(&mut TokioIo::new(caller), &mut TokioIo::new(target)).await {
                tracing::debug!(%error, "upgraded connection failed");
            }
        });
        true
    }
}

/// Sets the upgrade fields of a request or of its 101.
pub(super) fn set_fields(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
}

fn is_websocket(headers: &HeaderMap) -> bool {
    has_token(headers, CONNECTION, "upgrade") && has_token(headers, UPGRADE, WEBSOCKET)
}
