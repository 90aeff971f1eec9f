//! The table of pairs: what a config has to say for each, and what the upstream then is asked.
//!
//! Where the upstream asks for more of the user than the dialect's callers say, the config says it,
//! for everybody the same: that is what such a pair can do.

use serde_json::{Value, json};

use kit::config::{CALLERS, CALLING_USER, Credentials, OURS, bare_upstream, route, route_judged_by_upstream, upstream};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// A user of the documented Streambird requests.
const STREAMBIRD_USER: &str = "user_24wFP9pDa9YiMJLun94iKykoZs2";

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
            let route = route_judged_by_upstream("main", self.dialect, "new", "");
            return bare_upstream("new", self.upstream, base_url, limits) + &route;
        }
        let route = route("main", self.dialect, "new", self.settings());
        upstream("new", self.upstream, base_url, limits) + &route
    }

    /// What proves who calls at the upstream.
    pub(crate) fn credentials(self) -> Credentials {
        if self.is_same() { CALLERS } else { OURS }
    }

    /// What the route has to say beside who may call.
    fn settings(self) -> &'static str {
        match (self.dialect, self.upstream) {
            (Quiva, Quiva) | (Flashback, Flashback) | (Streambird, Streambird) | (Auth0, Auth0) | (Apifox, Apifox) => {
                ""
            }
            (Quiva | Flashback, Apifox) | (Flashback, Quiva) => "",
            (Quiva, Flashback | Auth0) => "relax = [\"subject\"]",
            (Quiva, Streambird) => "relax = [\"subject\"]\nset.rp_id = \"localhost\"\nset.user.id = \"{user.email}\"",
            (Flashback, Streambird) => "set.rp_id = \"localhost\"",
            (Flashback, Auth0) => "relax = [\"subject\"]",
            (Streambird, Quiva) => {
                "relax = [\"subject\", \"allow_credentials\"]\nset.user.email = \"{user.id}@example.com\""
            }
            (Streambird, Flashback | Auth0 | Apifox) => "relax = [\"subject\", \"allow_credentials\"]",
            (Auth0, Quiva) => {
                "set.user.email = \"team@example.com\"\nfill.tokens = { type = \"Bearer\", expires_in = 3600 }"
            }
            (Auth0, Flashback) => "fill.tokens = { type = \"Bearer\", expires_in = 3600 }",
            (Auth0, Streambird) => concat!(
                "set = { rp_id = \"localhost\", user.id = \"user_team\", session_lifetime = 3600 }\n",
                "fill.tokens = { type = \"Bearer\", expires_in = 3600 }"
            ),
            (Auth0, Apifox) => "fill.tokens.type = \"Bearer\"",
            (Apifox, Quiva) => concat!(
                "set.user.email = \"team@example.com\"\n",
                "fill.user = { id = \"{user.email}\", name = \"The team\", created_at = 1704067200 }\n",
                "fill.tokens = { expires_in = 3600, refresh_expires_in = 86400 }"
            ),
            (Apifox, Flashback) => concat!(
                "fill.user = { id = \"user_team\", name = \"The team\", created_at = 1704067200 }\n",
                "fill.tokens = { expires_in = 3600, refresh_expires_in = 86400 }"
            ),
            (Apifox, Streambird) => concat!(
                "set = { rp_id = \"localhost\", user.id = \"user_team\", session_lifetime = 3600 }\n",
                "fill.user = { name = \"The team\", created_at = 1704067200 }\n",
                "fill.tokens = { refresh = \"none\", expires_in = 3600, refresh_expires_in = 86400 }"
            ),
            (Apifox, Auth0) => concat!(
                "fill.user = { name = \"{user.id}\", created_at = 1704067200 }\n",
                "fill.tokens.refresh_expires_in = 86400"
            ),
        }
    }

    /// The members that the answer to a begin knowingly has not: a JSON pointer.
    pub(crate) fn relaxed(self) -> Option<&'static str> {
        let lists_none = matches!(self.upstream, Flashback | Auth0 | Apifox);
        (self.dialect == Streambird && lists_none)
            .then_some("/content/public_key_credential_request_options/publicKey/allowCredentials")
    }

    /// The content that a begin must have when it arrives.
    pub(crate) fn begin_content(self) -> Option<Value> {
        Some(match self.upstream {
            Quiva => self.quiva_user(),
            Streambird => json!({ "domain": "localhost", "user_id": self.streambird_user() }),
            Auth0 if self.is_same() => json!({
                "client_id": CALLERS.client_id,
                "client_secret": CALLERS.client_secret,
                "realm": "Username-Password-Authentication",
                "organization": "org_fake000000000000",
            }),
            Auth0 => json!({ "client_id": OURS.client_id, "client_secret": OURS.client_secret }),
            Flashback | Apifox => return None,
        })
    }

    /// What must stand beside the credential when a finish arrives.
    pub(crate) fn finish_extras(self) -> Value {
        match self.upstream {
            Quiva => self.quiva_user(),
            Flashback => json!({ "ipAddress": "127.0.0.1", "userAgent": "Example/1.0" }),
            Streambird if matches!(self.dialect, Auth0 | Apifox) => json!({ "session_expires_in": 60 }),
            Streambird | Apifox => json!({}),
            Auth0 if self.is_same() => json!({
                "client_id": CALLERS.client_id,
                "client_secret": CALLERS.client_secret,
                "realm": "Username-Password-Authentication",
                "organization": "org_fake000000000000",
            }),
            Auth0 => json!({ "client_id": OURS.client_id, "client_secret": OURS.client_secret }),
        }
    }

    fn quiva_user(self) -> Value {
        match self.dialect {
            Quiva => json!({ "email": "user@example.com", "account": "acme" }),
            Flashback => json!({ "email": "caller@example.com" }),
            Streambird => json!({ "email": format!("{STREAMBIRD_USER}@example.com") }),
            Auth0 | Apifox => json!({ "email": "team@example.com" }),
        }
    }

    fn streambird_user(self) -> &'static str {
        match self.dialect {
            Quiva => "user@example.com",
            Flashback => CALLING_USER,
            Streambird => STREAMBIRD_USER,
            Auth0 | Apifox => "user_team",
        }
    }
}
