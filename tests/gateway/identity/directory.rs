//! An HTTP service that maps users. A test sets its response, and it records its requests.

use std::sync::{Arc, Mutex};

use kit::peer::Origin;
use kit::wire::Wire;

/// The service.
pub(crate) struct Directory {
    origin: Origin,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Without a response, the service never answers.
    answer: Mutex<Option<String>>,
    requests: Mutex<Vec<String>>,
}

impl Directory {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        let origin = Origin::start(move |wire| answer(wire, serving.clone())).await;
        Self { origin, shared }
    }

    /// `[identity.users]` that queries it, with further settings.
    pub(crate) fn map(&self, more: &str) -> String {
        format!(
            "[identity.users]\nurl = \"{}/users/{{user.email}}\"\ncaller = {{ \"user.email\" = \"mail\" }}\n\
             upstream = {{ \"user.id\" = \"/data/id\" }}\nfields = {{ authorization = \"env:OUR_KEY\" }}\n{more}\n",
            self.origin.url()
        )
    }

    /// Sets the response.
    pub(crate) fn answers(&self, status: u16, content: &str) {
        let length = content.len();
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{content}");
        *self.shared.answer.lock().unwrap() = Some(answer);
    }

    /// The heads of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }
}

async fn answer(mut wire: Wire, shared: Arc<Shared>) {
    let Some(head) = wire.try_head().await else { return };
    shared.requests.lock().unwrap().push(head);
    let answer = shared.answer.lock().unwrap().clone();
    match answer {
        Some(answer) => wire.send(answer).await,
        // Keeps the connection open until the caller gives up.
        None => drop(wire.is_closed().await),
    }
}
