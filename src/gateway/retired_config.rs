//! Retired configs, kept until the ceremonies that were begun under them have expired.
//!
//! Such a finish is served by its own config entirely: its path, its callers, its route, its upstream. A bounded number
//! of configs is kept; ceremonies begun before them have expired.

use std::iter;
use std::time::Duration;

use http::request;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::ceremony::ChallengeKey;
use crate::gateway::client_data;
use crate::gateway::limits::Limits;
use crate::gateway::runtime::Runtime;
use crate::gateway::steps::decode_request::decode;
use crate::gateway::steps::match_operation::ConfigMatch;
use crate::gateway::steps::read_content;
use crate::provider::template::decode_context::Scratch;

/// Retired configs that are kept at most.
const MAX_RETIRED: usize = 8;
/// How long a begin may have been in progress when its config was replaced: the longest deadline of an upstream.
const MAX_BEGIN_TIME: Duration = Duration::from_secs(300);

/// A retired config.
#[derive(Clone, Debug)]
pub(crate) struct RetiredConfig {
    runtime: Runtime,
    /// When the last ceremony begun under it has expired.
    expires: Instant,
}

impl RetiredConfig {
    /// The retired configs after a config is replaced, newest first.
    pub(crate) fn after(replaced: &Runtime, retired: &[Self]) -> Vec<Self> {
        let now = Instant::now();
        let expires = now + replaced.config.ceremonies.max_age() + MAX_BEGIN_TIME;
        let newest = Self { runtime: replaced.clone(), expires };
        let older = retired.iter().filter(|config| config.expires > now).cloned();
        iter::once(newest).chain(older).take(MAX_RETIRED).collect()
    }

    /// The retired configs that have a finish on the path of a request.
    pub(crate) fn matches<'g>(
        retired: &'g [Self],
        limits: &Limits,
        head: &request::Parts,
        host: Option<&str>,
    ) -> Vec<ConfigMatch<'g>> {
        if retired.is_empty() || read_content::is_announced_too_large(&head.headers, limits) {
            return Vec::new();
        }
        let now = Instant::now();
        let kept = retired.iter().filter(|config| config.expires > now);
        let matches = kept.map(|config| ConfigMatch::of_retired(&config.runtime, head, host));
        matches.filter(|config| !config.candidates.is_empty()).collect()
    }
}

impl ConfigMatch<'_> {
    /// Whether a request finishes a ceremony that was begun under this config.
    pub(crate) fn owns_ceremony_of(&self, head: &request::Parts, content: &[u8]) -> bool {
        let scratch = Scratch::default();
        let decoded = decode(self.runtime, &self.candidates, head, content, &scratch, Timestamp::now());
        let Ok((_, request)) = decoded else { return false };
        let Ok(challenge) = client_data::challenge(request.record()) else { return false };
        let generation = self.runtime.config.ceremonies.generation_of(ChallengeKey::of(&challenge));
        generation == Some(self.runtime.generation)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::Arc;

    use bytes::Bytes;
    use http::Request;
    use http_body_util::Full;

    use crate::base::base64;
    use crate::base::document::{Document, Places};
    use crate::ceremony::memory::{Ceremonies, CeremonySettings};
    use crate::ceremony::{Ceremony, Holder};
    use crate::gateway::Gateway;
    use crate::gateway::handler::{Arrival, Content, Handler, Peer, RequestId};
    use crate::gateway::limits::Limits;
    use crate::gateway::runtime::RunningConfig;
    use crate::gateway::upstream_client::UpstreamClient;
    use crate::model::operation::Operation;
    use crate::provider::descriptor::OperationTemplate;
    use crate::provider::registry::Registry;
    use crate::routes::compile::compile;
    use crate::routes::compile::input::{CompileInput, UpstreamSettings};
    use crate::upstream::admission::Admission;
    use crate::upstream::base_url::BaseUrl;
    use crate::upstream::http_settings::HttpSettings;
    use crate::upstream::http_upstream::HttpUpstream;

    use super::*;

    const FINISH: &str = "/accounts/complete-auth-with-passkey";

    /// A gateway with one route before an upstream that cannot be reached.
    fn gateway(route: &str, prefix: &str, ceremonies: &Arc<Ceremonies>) -> Gateway {
        let base_url: BaseUrl = "http://127.0.0.1:1".parse().unwrap();
        let http = HttpSettings::default();
        let registry = Registry::load(None).0;
        let finishes = |template: &OperationTemplate| template.request.path.literal() == Some(FINISH);
        let mut providers = registry.iter();
        let dialect = providers.find(|provider| finishes(&provider.operations[&Operation::LoginFinish])).unwrap();
        let dialect = dialect.id.clone();
        let upstream = UpstreamSettings::Http {
            provider: dialect.clone(),
            base_url: base_url.clone(),
            http: http.clone(),
            set: Default::default(),
            discoverable: None,
        };
        let settings = format!(
            "dialect = '{dialect}'\nupstream = 'new'\nprefix = '{prefix}'\ncallers = {{ open = 'anyone', user = 'upstream' }}"
        );
        let input = CompileInput {
            registry: &registry,
            upstreams: &BTreeMap::from([("new".to_owned(), upstream)]),
            routes: &BTreeMap::from([(route.to_owned(), toml::from_str(&settings).unwrap())]),
            mistakes: &Default::default(),
            identities: &Default::default(),
            places: &Places::of(&Document::parse("gateway.toml", "").unwrap()),
            base: Path::new("."),
            hash_secret: None,
        };
        let (plan, diagnostics) = compile(&input);
        assert!(diagnostics.is_empty(), "{diagnostics}");
        let ceremonies = ceremonies.clone();
        let config =
            RunningConfig::new(plan, ceremonies, Default::default(), Limits::default(), Vec::new(), String::new());
        let client = HttpUpstream::new(base_url, &http, Admission::new("new", &http)).unwrap();
        Gateway::new(Arc::new(config), vec![UpstreamClient::Http(Box::new(client))])
    }

    fn ceremonies() -> Arc<Ceremonies> {
        Arc::new(Ceremonies::new(&CeremonySettings::default()))
    }

    fn begun(ceremonies: &Ceremonies, challenge: &[u8], generation: u64) {
        let ceremony = Ceremony {
            generation,
            verify_user: false,
            is_decoy: false,
            route: "main".into(),
            upstream: "new".into(),
            begun_by: Operation::LoginBegin,
            upstream_session: None,
            caller_session: None,
            requested: Default::default(),
            sent: Default::default(),
            expected: Default::default(),
            bearer_user: None,
            handles: None,
        };
        ceremonies.remember(ChallengeKey::of(challenge), &ceremony, None, Holder::default()).unwrap();
    }

    /// The status of a finish; `None` if it passes through.
    async fn finish(gateway: &Gateway, challenge: &[u8]) -> Option<u16> {
        let data = format!(r#"{{"type":"webauthn.get","challenge":"{}"}}"#, base64url(challenge));
        let credential = format!(
            r#"{{"id":"AQ","rawId":"AQ","type":"public-key","response":{{"clientDataJSON":"{}","authenticatorData":"AQ","signature":"AQ"}}}}"#,
            base64url(data.as_bytes())
        );
        let content = serde_json::json!({ "credential": credential }).to_string();
        let (head, content) = Request::post(FINISH).body(Full::new(Bytes::from(content))).unwrap().into_parts();
        let peer = Peer::new(([127, 0, 0, 1], 1).into());
        let arrival = Arrival::of_peer(peer, RequestId::random());
        let mut content = Content::Unread(content);
        let answer = gateway.handle(&head, &arrival, None, &mut content).await;
        assert!(answer.is_some() || matches!(content, Content::Read(content) if !content.is_empty()));
        answer.map(|response| response.status().as_u16())
    }

    fn base64url(bytes: &[u8]) -> String {
        let mut text = Vec::new();
        crate::provider::template::codec::Codec::Base64Url.write_bytes(bytes, &mut text);
        assert_eq!(base64::read(std::str::from_utf8(&text).unwrap()).as_deref(), Ok(bytes));
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn a_finish_is_served_by_the_config_that_began_it() {
        let ceremonies = ceremonies();
        let first = gateway("main", "", &ceremonies);
        let moved = gateway("renamed", "/v2", &ceremonies).replacing(&first);
        let again = gateway("main", "/v3", &ceremonies).replacing(&moved);
        begun(&ceremonies, b"first", 0);
        begun(&ceremonies, b"moved", 1);
        assert_eq!(finish(&again, b"unknown").await, None, "no route has the path");
        assert_eq!(finish(&again, b"moved").await, None, "its config had another path");
        assert_eq!(finish(&again, b"first").await, Some(503), "its upstream is called");
        assert_eq!(ceremonies.generation_of(ChallengeKey::of(b"first")), None, "the challenge is used");
        assert_eq!(finish(&again, b"first").await, None);
    }

    #[tokio::test]
    async fn a_ceremony_of_a_dropped_config_has_expired() {
        let ceremonies = ceremonies();
        let mut current = gateway("main", "", &ceremonies);
        begun(&ceremonies, b"old", 0);
        begun(&ceremonies, b"young", 1);
        for _ in 0..=MAX_RETIRED {
            current = gateway("main", "", &ceremonies).replacing(&current);
        }
        assert_eq!(finish(&current, b"old").await, Some(401));
        assert_eq!(finish(&current, b"young").await, Some(503));
        assert_eq!(ceremonies.generation_of(ChallengeKey::of(b"old")), Some(0), "the ceremony was not taken");
    }

    #[tokio::test(start_paused = true)]
    async fn retired_configs_are_dropped() {
        let ceremonies = ceremonies();
        let mut current = gateway("main", "", &ceremonies);
        let first = Arc::downgrade(&current.runtime.config);
        for _ in 0..MAX_RETIRED {
            current = gateway("main", "", &ceremonies).replacing(&current);
        }
        assert!(first.upgrade().is_some());
        let head = Request::post(FINISH).body(()).unwrap().into_parts().0;
        let matches =
            |gateway: &Gateway| RetiredConfig::matches(&gateway.retired, &Limits::default(), &head, None).len();
        assert_eq!(matches(&current), MAX_RETIRED);
        current = gateway("main", "", &ceremonies).replacing(&current);
        assert!(first.upgrade().is_none(), "the oldest is dropped");
        tokio::time::advance(ceremonies.max_age() + MAX_BEGIN_TIME).await;
        assert_eq!(matches(&current), 0);
        current = gateway("main", "", &ceremonies).replacing(&current);
        assert_eq!(current.retired.len(), 1);
    }
}
