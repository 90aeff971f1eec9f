//! What one worker does with a request: limits, then the gateway, then what passes through.
//!
//! Nothing in here fails: whatever goes wrong is an answer.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use http::header::{HOST, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode, Version, request};
use tower::{Service, ServiceBuilder};

use crate::gateway::handler::{Arrival, Content, EdgeRejection, Handler, host_of};
use crate::server::body::EdgeBody;
use crate::server::limits::RequestLimits;
use crate::server::middleware::access::Access;
use crate::server::middleware::panics::CatchPanic;
use crate::server::middleware::request_ids::RequestIds;
use crate::server::passthrough::Passthrough;
use crate::server::passthrough::incoming::Streamed;
use crate::server::received::Received;

/// A gateway with what stands before and behind it.
#[derive(Debug)]
pub(super) struct Application<G> {
    pub(super) gateway: G,
    pub(super) limits: RequestLimits,
    pub(super) passthrough: Passthrough,
}

// ===== impl Application =====

impl<G: Handler> Application<G> {
    /// The layers round the application. They are always ready, and cheap to clone for each request.
    pub(super) fn stack(
        self,
    ) -> impl Service<Received, Response = Response<EdgeBody<Streamed>>, Error = Infallible, Future: Send> + Clone + Send
    {
        let application = Arc::new(self);
        ServiceBuilder::new()
            // Outermost, for every answer bears the request's name, and so do its lines.
            .layer_fn(RequestIds::around)
            // Outside the panics, so that a panic's 500 has its line too.
            .layer_fn(Access::around)
            // Innermost, round all that is not a layer: nothing outside of it knows more than a head.
            .layer_fn(CatchPanic::around)
            // Boxed, or each layer would move it, and hyper would keep the room for it on every idle
            // connection. Together with the boxes inside of it this saves 11 KiB a connection and
            // 50,000 instructions a request.
            .service_fn(move |received| Box::pin(application.clone().answer(received)))
    }

    // No `async fn`, which would keep the request twice: as it was given, and as it is used.
    fn answer(
        self: Arc<Self>,
        Received { request, arrival }: Received,
    ) -> impl Future<Output = Result<Response<EdgeBody<Streamed>>, Infallible>> + Send {
        let (mut head, body) = request.into_parts();
        let mut content = match body {
            EdgeBody::Whole(content) => Content::Read(content),
            body @ EdgeBody::Streamed(_) => Content::Unread(body),
        };
        async move {
            let host = host_of(&head);
            if host.is_none() && !needs_no_host(&head) {
                return Ok(EdgeBody::plain(StatusCode::BAD_REQUEST, "a request names one host\n"));
            }
            let _turn = match self.limits.admit(&head) {
                Ok(turn) => turn,
                Err(rejection) => return Ok(self.refuse(&head, &arrival, rejection)),
            };
            Ok(match self.gateway.handle(&head, &arrival, host, &mut content).await {
                Some(response) => response.map(EdgeBody::Whole),
                // Boxed, so that a request that is answered does not carry the room for it about.
                None => Box::pin(self.passthrough.forward(&mut head, &arrival, content)).await,
            })
        }
    }

    fn refuse(
        &self,
        head: &request::Parts,
        arrival: &Arrival,
        rejection: EdgeRejection,
    ) -> Response<EdgeBody<Streamed>> {
        match self.gateway.reject(head, arrival, rejection) {
            Some(response) => response.map(EdgeBody::Whole),
            None => plain(rejection),
        }
    }
}

/// RFC 9112 section 3.2 wants a 400 where the host is missing, double or malformed. HTTP/1.0 needs none.
fn needs_no_host(head: &request::Parts) -> bool {
    head.version < Version::HTTP_11 && head.uri.authority().is_none() && !head.headers.contains_key(HOST)
}

fn plain(rejection: EdgeRejection) -> Response<EdgeBody<Streamed>> {
    let (status, text) = match rejection {
        EdgeRejection::HeadTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the request head is too long\n"),
        EdgeRejection::TooManyFields => {
            (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "there are too many header fields\n")
        }
        EdgeRejection::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "too many requests are under way\n"),
    };
    let mut response = EdgeBody::plain(status, text);
    if rejection == EdgeRejection::Overloaded {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
