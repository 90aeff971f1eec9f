//! The scopes and the audience that a client is granted.
//!
//! A scope that the config does not list is omitted, as RFC 6749 section 3.3 allows, and the response names the granted
//! ones. An audience that the config does not list is refused.

use crate::model::fault::{Fault, Refusal};
use crate::relying_party::config::RelyingPartyConfig;

/// The scopes and audience that a sign-in is granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) client_id: Option<String>,
    /// Never empty: absent when no scope is granted.
    pub(crate) scope: Option<String>,
    /// An audience in addition to the relying party's own.
    pub(crate) audience: Option<String>,
}

impl Grant {
    /// The grant for a request.
    pub(crate) fn of(
        config: &RelyingPartyConfig,
        client_id: Option<&str>,
        scope: Option<&str>,
        audience: Option<&str>,
    ) -> Result<Self, Refusal> {
        let audience = audience.filter(|audience| *audience != config.audience);
        if audience.is_some_and(|audience| !config.audiences.iter().any(|known| known == audience)) {
            return Err(Refusal::with_public_message(
                Fault::InvalidRequest,
                "Tokens are not issued for this audience.",
            ));
        }
        Ok(Self {
            client_id: client_id.map(str::to_owned),
            scope: scope.and_then(|scope| among(scope, &config.scopes.iter().map(String::as_str).collect::<Vec<_>>())),
            audience: audience.map(str::to_owned),
        })
    }

    /// The same with only the requested scopes (RFC 6749 section 6).
    pub(crate) fn narrowed(self, scope: Option<&str>) -> Self {
        let Some(requested) = scope else { return self };
        let held = self.scope.as_deref().unwrap_or_default();
        Self { scope: among(requested, &held.split(' ').collect::<Vec<_>>()), ..self }
    }

    /// Whether an id token is requested (OpenID Connect Core, section 3.1.2.1).
    pub(crate) fn has_openid(&self) -> bool {
        self.scope.as_deref().is_some_and(|scope| scope.split(' ').any(|word| word == "openid"))
    }
}

/// The scopes of `requested` that are in `known`, each once, in the order of the request.
fn among(requested: &str, known: &[&str]) -> Option<String> {
    let mut granted: Vec<&str> = Vec::new();
    for word in requested.split_ascii_whitespace() {
        if known.contains(&word) && !granted.contains(&word) {
            granted.push(word);
        }
    }
    (!granted.is_empty()).then(|| granted.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relying_party::tests::config;

    #[test]
    fn only_known_scopes_are_granted() {
        let scope = |asked| Grant::of(&config(), None, Some(asked), None).unwrap().scope;
        assert_eq!(scope("email  openid admin email").as_deref(), Some("email openid"));
        assert_eq!(scope("admin"), None);
    }

    #[test]
    fn unlisted_audience_is_refused() {
        let audience = |asked| Grant::of(&config(), None, None, Some(asked)).map(|grant| grant.audience);
        assert_eq!(audience("http://localhost:8080/"), Ok(None));
        assert_eq!(audience("https://api.example.com"), Ok(Some("https://api.example.com".into())));
        assert_eq!(audience("https://other.example.com").unwrap_err().fault, Fault::InvalidRequest);
    }

    #[test]
    fn refresh_never_adds_scopes() {
        let grant = Grant { scope: Some("openid email".into()), ..Grant::default() };
        assert_eq!(grant.clone().narrowed(None), grant);
        assert_eq!(grant.clone().narrowed(Some("profile email")).scope.as_deref(), Some("email"));
        assert_eq!(grant.narrowed(Some("profile")).scope, None);
    }
}
