//! A gateway with a console, and requests as its page sends them.

use serde_json::{Value, json};

use kit::caller::Caller;
use kit::config::{EMBEDDED, route, route_verified_by_upstream, upstream};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::provider::Provider;

/// A gateway with a console.
pub(crate) struct Rig {
    /// The provider behind the route `there`.
    pub(crate) fake: Fake,
    admin: Caller,
    _gateway: Gateway,
}

impl Rig {
    /// Every dialect before the embedded relying party, and one before another provider.
    pub(crate) async fn start() -> Self {
        let fake = Fake::start(Provider::Auth0).await;
        let mut tables = EMBEDDED.to_owned();
        for dialect in Provider::ALL {
            let route = route_verified_by_upstream(dialect.id(), dialect, "own", "");
            tables.push_str(&anyone(&route));
        }
        let more = "hosts = [\"api.example\"]\nrelax = [\"allow_credentials\", \"subject\"]\n";
        let leave = "exclude_operations = [\"registration.begin\", \"registration.finish\", \"credentials.delete\"]\n";
        tables.push_str(&upstream("there", Provider::Auth0, &fake.base_url(), ""));
        let there = route("there", Provider::Streambird, "there", &format!("{more}{leave}"));
        tables.push_str(&there.replace("prefix = \"\"", "prefix = \"/there\""));
        let gateway = Gateway::start(&tables).await;
        let (_, admin) = gateway.banner[0].split_once("health on http://").unwrap();
        let admin = Caller::of(admin.split('/').next().unwrap().parse().unwrap());
        Self { fake, admin, _gateway: gateway }
    }

    pub(crate) async fn ask(&self, request: &Request) -> Response {
        self.admin.ask(request).await
    }

    /// Tries an operation as the page does.
    pub(crate) async fn attempt(&self, route: &str, operation: &str, members: &Value) -> Response {
        self.ask(&from_page(&json!({ "route": route, "operation": operation, "members": members }))).await
    }
}

/// Accepts any key and any client, as the built-in config does.
fn anyone(route: &str) -> String {
    route
        .replace("key = [\"env:CALLER_KEY\"]", "key = \"anyone\"")
        .replace("client = { fakeClientId0000 = \"env:CALLER_SECRET\" }", "client = \"anyone\"")
}

/// A trial as the page sends it.
pub(crate) fn from_page(trial: &Value) -> Request {
    Request::new("POST", "/try")
        .with_field("host", "localhost:9090")
        .with_field("origin", "http://localhost:9090")
        .with_field("sec-fetch-site", "same-origin")
        .with_json(trial)
}
