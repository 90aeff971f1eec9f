//! The sixth provider imitated: its documents for [`Fake`].

use crate::sixth_provider::kelpie;
use kit::config::Credentials;
use kit::fake::{Documents, Fake, Seen};
use kit::message::{Request, Response};

/// The sixth provider.
#[derive(Clone, Copy)]
pub(crate) struct Kelpie;

/// `[upstreams.new]` for an imitation; `set` are members that every request gets.
pub(crate) fn upstream(imitation: &Fake<Kelpie>, set: &str) -> String {
    let url = imitation.base_url();
    format!("[upstreams.new]\nprovider = \"kelpie\"\nbase_url = \"{url}\"\n[upstreams.new.set]\n{set}\n")
}

impl Documents for Kelpie {
    fn id(self) -> &'static str {
        "kelpie"
    }

    fn operation(self, request: &Request) -> Option<&'static str> {
        let segments: Vec<_> = request.path().split('/').skip(1).collect();
        Some(match (request.method.as_str(), &segments[..]) {
            ("POST", ["v3", "realms", _, "users", _, "logins"]) => "login.begin",
            ("PUT", ["v3", "logins"]) => "login.finish",
            ("POST", ["v3", "me", "passkeys"]) => "registration.begin",
            ("PUT", ["v3", "me", "passkeys"]) => "registration.finish",
            ("GET", ["v3", "me", "passkeys"]) => "credentials.list",
            ("DELETE", ["v3", "me", "passkeys", _]) => "credentials.delete",
            _ => return None,
        })
    }

    fn violations(self, operation: &str, request: &Request) -> Vec<String> {
        kelpie::violations_of(operation, request)
    }

    fn knows(self, credentials: &Credentials, _: &str, request: &Request) -> bool {
        request.field("x-kelpie-key").is_none_or(|key| key == credentials.key)
    }

    /// The response to a finish names the user of the last begin.
    fn answer(self, operation: &str, seen: &[Seen]) -> Response {
        let documented = kelpie::response(&format!("{operation}.response"));
        if operation != "login.finish" {
            return documented;
        }
        let begin = seen.iter().rev().find(|seen| seen.operation == "login.begin").unwrap();
        let user = begin.request.path().split('/').nth(5).unwrap().replace("%40", "@");
        documented.replacing("user@example.com", &user).replacing("2025-01-01T01:00", "2099-01-01T01:00")
    }

    fn unauthorized(self, _: &str) -> Response {
        kelpie::response("4010_key.fault")
    }
}
