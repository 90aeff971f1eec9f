//! What a client asks its tokens to be good for, and how much of that it is granted.
//!
//! A scope outside the config's list is left out, as RFC 6749 section 3.3 allows, and the answer says
//! what was granted. An audience outside the list is refused: a token for another API would be of no
//! use, and a token for any API would be too much.

use crate::model::fault::{Fault, Refusal};
use crate::relying_party::config::RelyingPartyConfig;

/// What a sign-in is good for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) client_id: Option<String>,
    /// Never empty: absent where nothing was asked or granted.
    pub(crate) scope: Option<String>,
    /// An audience beside the relying party's own.
    pub(crate) audience: Option<String>,
}

impl Grant {
    /// What of this request is granted.
    pub(crate) fn of(
        party: &RelyingPartyConfig,
        client_id: Option<&str>,
        scope: Option<&str>,
        audience: Option<&str>,
    ) -> Result<Self, Refusal> {
        let audience = audience.filter(|asked| *asked != party.audience);
        if audience.is_some_and(|asked| !party.audiences.iter().any(|known| known == asked)) {
            return Err(Refusal::with_public_message(
                Fault::InvalidRequest,
                "The audience is not one that tokens are issued for.",
            ));
        }
        Ok(Self {
            client_id: client_id.map(str::to_owned),
            scope: scope.and_then(|asked| among(asked, &party.scopes.iter().map(String::as_str).collect::<Vec<_>>())),
            audience: audience.map(str::to_owned),
        })
    }

    /// The same, with no more scopes than asked for now (RFC 6749 section 6).
    pub(crate) fn narrowed(self, scope: Option<&str>) -> Self {
        let Some(asked) = scope else { return self };
        let held = self.scope.as_deref().unwrap_or_default();
        Self { scope: among(asked, &held.split(' ').collect::<Vec<_>>()), ..self }
    }

    /// Whether an id token was asked for (OpenID Connect Core, section 3.1.2.1).
    pub(crate) fn has_openid(&self) -> bool {
        self.scope.as_deref().is_some_and(|scope| scope.split(' ').any(|word| word == "openid"))
    }
}

/// The words of `asked` that are in `known`, each once, in the order they were asked for.
fn among(asked: &str, known: &[&str]) -> Option<String> {
    let mut granted: Vec<&str> = Vec::new();
    for word in asked.split_ascii_whitespace() {
        if known.contains(&word) && !granted.contains(&word) {
            granted.push(word);
        }
    }
    (!granted.is_empty()).then(|| granted.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relying_party::tests::party;

    #[test]
    fn scopes_are_granted_as_far_as_they_are_known() {
        let scope = |asked| Grant::of(&party(), None, Some(asked), None).unwrap().scope;
        assert_eq!(scope("email  openid admin email").as_deref(), Some("email openid"));
        assert_eq!(scope("admin"), None);
    }

    #[test]
    fn an_audience_is_ours_or_listed_or_refused() {
        let audience = |asked| Grant::of(&party(), None, None, Some(asked)).map(|grant| grant.audience);
        assert_eq!(audience("http://localhost:8080/"), Ok(None));
        assert_eq!(audience("https://api.example.com"), Ok(Some("https://api.example.com".into())));
        assert_eq!(audience("https://other.example.com").unwrap_err().fault, Fault::InvalidRequest);
    }

    #[test]
    fn a_refresh_never_widens() {
        let grant = Grant { scope: Some("openid email".into()), ..Grant::default() };
        assert_eq!(grant.clone().narrowed(None), grant);
        assert_eq!(grant.clone().narrowed(Some("profile email")).scope.as_deref(), Some("email"));
        assert_eq!(grant.narrowed(Some("profile")).scope, None);
    }
}
