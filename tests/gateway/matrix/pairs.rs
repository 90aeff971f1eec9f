//! The pairs of `tests/pairs.toml`: their configs, and what arrives at the upstream.

use std::sync::LazyLock;

use serde_json::{Value, json};

use kit::config::{CALLERS, Credentials, OURS, bare_upstream, route, route_verified_by_upstream, upstream};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Streambird};

static PAIRS: LazyLock<Value> = LazyLock::new(|| toml::from_str(include_str!("../../pairs.toml")).unwrap());

/// A dialect before an upstream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) dialect: Provider,
    pub(crate) upstream: Provider,
}

// ===== impl Pair =====

impl Pair {
    pub(crate) fn is_same(self) -> bool {
        self.dialect == self.upstream
    }

    /// A config with this pair alone; `limits` are the upstream's.
    pub(crate) fn config(self, base_url: &str, limits: &str) -> String {
        if self.is_same() {
            let route = route_verified_by_upstream("main", self.dialect, "new", "");
            return bare_upstream("new", self.upstream, base_url, limits) + &route;
        }
        let route = route("main", self.dialect, "new", &self.settings());
        upstream("new", self.upstream, base_url, limits) + &route
    }

    /// The credentials at the upstream.
    pub(crate) fn credentials(self) -> Credentials {
        if self.is_same() { CALLERS } else { OURS }
    }

    fn entry(self) -> &'static Value {
        &PAIRS[self.dialect.id()][self.upstream.id()]
    }

    /// The route's settings, as lines of its table.
    fn settings(self) -> String {
        let sources = [self.entry(), &self.entry()["matrix"]];
        let relax: Vec<_> = sources.iter().filter_map(|source| source["relax"].as_array()).flatten().collect();
        let mut lines = vec![format!("relax = {}", json!(relax))];
        for table in ["set", "fill"] {
            let members = sources.iter().filter_map(|source| source[table].as_object()).flatten();
            lines.extend(members.map(|(name, value)| format!("{table}.{name} = {value}")));
        }
        lines.join("\n")
    }

    /// The JSON pointer of the member that the response to a begin may lack.
    pub(crate) fn relaxed(self) -> Option<&'static str> {
        let lists_none = matches!(self.upstream, Flashback | Auth0 | Apifox);
        (self.dialect == Streambird && lists_none)
            .then_some("/content/public_key_credential_request_options/publicKey/allowCredentials")
    }

    /// The content of a begin as it arrives.
    pub(crate) fn begin_content(self) -> Option<Value> {
        self.entry().get("begin").cloned()
    }

    /// The content of a finish request in addition to the credential.
    pub(crate) fn finish_extras(self) -> Value {
        self.entry()["finish"].clone()
    }
}
