//! A route with an old and a new upstream of one provider, and callers that name their users.

use serde_json::json;

use kit::config::{bare_upstream, route};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{begin, finish};
use kit::provider::Provider::{self, Quiva};

/// Two upstreams.
pub(crate) struct TwoUpstreams {
    pub(crate) old: Fake,
    pub(crate) new: Fake,
}

impl TwoUpstreams {
    pub(crate) async fn of(provider: Provider) -> Self {
        use kit::config::CALLERS;
        Self { old: Fake::start_knowing(provider, CALLERS).await, new: Fake::start_knowing(provider, CALLERS).await }
    }

    /// The config of a route with these policies and decision headers.
    pub(crate) fn config(&self, policies: &str) -> String {
        let upstreams = [("old", &self.old), ("new", &self.new)]
            .map(|(name, fake)| bare_upstream(name, fake.provider, &fake.base_url(), ""));
        let leave = match self.old.provider {
            Quiva | Provider::Apifox | Provider::Auth0 => "exclude_operations = [\"session.refresh\"]\n",
            Provider::Flashback | Provider::Streambird => "",
        };
        let more = format!("decision_headers = true\n{leave}{policies}");
        upstreams.concat() + "[gateway]\nhash_key = \"env:HASH_KEY\"\n" + &route("app", self.old.provider, "old", &more)
    }

    pub(crate) async fn gateway(&self, policies: &str) -> Gateway {
        Gateway::start(&self.config(policies)).await
    }

    /// Reloads a gateway with other policies.
    pub(crate) async fn reload(&self, gateway: &Gateway, policies: &str) {
        let said = gateway.reload(&self.config(policies)).await;
        assert_eq!(said["level"], "INFO", "{said}");
    }

    /// The number of requests of an operation at each upstream.
    pub(crate) fn seen(&self, operation: &str) -> [usize; 2] {
        [&self.old, &self.new].map(|fake| fake.requests(operation).len())
    }
}

/// A begin of a user.
pub(crate) fn begin_of(email: &str) -> Request {
    begin(Quiva).with_json(&json!({ "email": email }))
}

/// Begins for a user and returns the upstream and the reason.
pub(crate) async fn begins(gateway: &Gateway, email: &str) -> (String, String) {
    decision(&gateway.ask(&begin_of(email)).await)
}

/// Begins and finishes for a user and returns both upstreams.
pub(crate) async fn signs_in(gateway: &Gateway, email: &str) -> [String; 2] {
    let begun = gateway.ask(&begin_of(email)).await;
    let finished = gateway.ask(&finish(Quiva, &Quiva.begun(&begun))).await;
    [begun, finished].map(|answer| decision(&answer).0)
}

/// The upstream and the reason in the decision headers.
#[track_caller]
pub(crate) fn decision(answer: &Response) -> (String, String) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let field = |name| answer.field(name).unwrap_or_else(|| panic!("{name} is not in {answer:?}")).to_owned();
    (field("passbridge-upstream"), field("passbridge-reason"))
}

/// The address of the user with that number.
pub(crate) fn user(number: usize) -> String {
    format!("user_{number}@example.com")
}
