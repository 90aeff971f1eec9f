//! Earlier configs, for as long as what was begun under them can be finished.
//!
//! Such a finish is theirs whole: the path it came to, who may call, the route, the upstream. So many
//! configs are kept and no more; what was begun before them has expired.

use std::iter;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, request};
use jiff::Timestamp;
use smallvec::SmallVec;
use tokio::time::Instant;
use uuid::Uuid;

use crate::ceremony::ChallengeKey;
use crate::gateway::client_data;
use crate::gateway::handler::Arrival;
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::read_content;
use crate::model::fault::Refusal;
use crate::provider::template::reader::Scratch;
use crate::routes::router::Candidate;

/// So many earlier configs are kept.
const MOST: usize = 8;
/// A begin may have been under way when its config was replaced: as long as an upstream may take.
const UNDER_WAY: Duration = Duration::from_secs(300);

/// The gateway of an earlier config. It has no earlier ones itself, or none would ever be let go.
#[derive(Clone, Debug)]
pub(crate) struct RetiredConfig {
    gateway: Gateway,
    /// When the last ceremony begun under it has expired.
    until: Instant,
}

/// A gateway, and which of its operations a request may be.
pub(crate) struct ConfigMatch<'g> {
    pub(crate) gateway: &'g Gateway,
    pub(crate) candidates: SmallVec<[&'g Candidate; 4]>,
}

impl RetiredConfig {
    /// The earlier configs of one that takes the place of `replaced`, newest first.
    pub(crate) fn after(replaced: &Gateway) -> Vec<Self> {
        let now = Instant::now();
        let until = now + replaced.shared.ceremonies.max_age() + UNDER_WAY;
        let newest = Self { gateway: replaced.alone(), until };
        let older = replaced.former.iter().filter(|former| former.until > now).cloned();
        iter::once(newest).chain(older).take(MOST).collect()
    }
}

impl Gateway {
    /// The earlier configs that had a finish on that path.
    pub(crate) fn earlier(
        &self,
        host: Option<&str>,
        path: &str,
        method: &Method,
        fields: &HeaderMap,
    ) -> Vec<ConfigMatch<'_>> {
        if self.former.is_empty() || read_content::is_announced_too_large(fields, &self.shared.limits) {
            return Vec::new();
        }
        let now = Instant::now();
        let open = self.former.iter().filter(|former| former.until > now);
        let doors = open.map(|RetiredConfig { gateway, .. }| {
            let found = gateway.shared.plan.router.find(host, path).into_iter();
            let finishes = found.filter(|one| one.method == *method && one.operation.is_finish());
            ConfigMatch { gateway, candidates: finishes.collect() }
        });
        doors.filter(|door| !door.candidates.is_empty()).collect()
    }
}

impl ConfigMatch<'_> {
    /// Whether a request finishes what was begun under this config.
    pub(crate) fn was_entered(&self, head: &request::Parts, content: &[u8]) -> bool {
        let scratch = Scratch::default();
        let read = self.gateway.recognise(&self.candidates, head, content, &scratch, Timestamp::now());
        let Ok((_, request)) = read else { return false };
        let Ok(challenge) = client_data::challenge(request.record()) else { return false };
        let begun_under = self.gateway.shared.ceremonies.generation_of(ChallengeKey::of(&challenge));
        begun_under == Some(self.gateway.generation)
    }

    /// The answer to a request; `None` where it is to pass through.
    pub(crate) async fn decide(
        &self,
        head: &request::Parts,
        arrival: &Arrival,
        content: &[u8],
        passes: bool,
    ) -> Option<Response<Bytes>> {
        let answer = self.gateway.decide(&self.candidates, head, arrival, content, passes).await;
        answer.map(|response| self.readable(&head.headers, response))
    }

    /// The answer to a request that cannot be looked at.
    ///
    /// # Panics
    /// When there is no operation it may be.
    pub(crate) fn refuse(&self, fields: &HeaderMap, refusal: &Refusal, id: Uuid) -> Response<Bytes> {
        let response = self.gateway.refuse_with(self.candidates[0], refusal, id, None);
        self.readable(fields, response)
    }

    fn readable(&self, fields: &HeaderMap, response: Response<Bytes>) -> Response<Bytes> {
        match self.candidates.first() {
            Some(candidate) => self.gateway.readable(candidate, fields, response),
            None => response,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::Arc;

    use http::Request;
    use http_body_util::Full;

    use crate::base::base64;
    use crate::base::document::{Document, Places};
    use crate::ceremony::Ceremony;
    use crate::ceremony::memory::{Ceremonies, CeremonySettings};
    use crate::gateway::handler::{Content, Handler, Peer, RequestId};
    use crate::gateway::limits::Limits;
    use crate::gateway::pipeline::Shared;
    use crate::gateway::steps::call_upstream::Worker;
    use crate::model::operation::Operation;
    use crate::provider::descriptor::OperationTemplate;
    use crate::provider::registry::Registry;
    use crate::routes::{CompileInput, Plan, UpstreamSettings};
    use crate::upstream::admission::Admission;
    use crate::upstream::base_url::BaseUrl;
    use crate::upstream::http_upstream::HttpUpstream;
    use crate::upstream::settings::HttpSettings;

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
        let ground = CompileInput {
            registry: &registry,
            upstreams: &BTreeMap::from([("new".to_owned(), upstream)]),
            routes: &BTreeMap::from([(route.to_owned(), toml::from_str(&settings).unwrap())]),
            broken: &[],
            identities: &Default::default(),
            places: &Places::of(&Document::parse("gateway.toml", "").unwrap()),
            base: Path::new("."),
            hash_secret: None,
        };
        let (plan, diagnostics) = Plan::build(&ground);
        assert!(diagnostics.is_empty(), "{diagnostics}");
        let shared = Shared {
            plan,
            ceremonies: ceremonies.clone(),
            limits: Limits::default(),
            passes: Vec::new(),
            metrics: Default::default(),
            fingerprint: String::new(),
        };
        let worker = HttpUpstream::new(base_url, &http, Admission::new("new", &http)).unwrap();
        Gateway::new(Arc::new(shared), vec![Worker::Http(worker)])
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
            asked: Default::default(),
            told: Default::default(),
            expected: Default::default(),
            bearer_user: None,
            handles: None,
        };
        assert!(ceremonies.remember(ChallengeKey::of(challenge), &ceremony, None));
    }

    /// What becomes of a finish: its status, or none where it goes on.
    async fn finish(gateway: &Gateway, challenge: &[u8]) -> Option<u16> {
        let data = format!(r#"{{"type":"webauthn.get","challenge":"{}"}}"#, base64url(challenge));
        let credential = format!(
            r#"{{"id":"AQ","rawId":"AQ","type":"public-key","response":{{"clientDataJSON":"{}","authenticatorData":"AQ","signature":"AQ"}}}}"#,
            base64url(data.as_bytes())
        );
        let content = serde_json::json!({ "credential": credential }).to_string();
        let (head, content) = Request::post(FINISH).body(Full::new(Bytes::from(content))).unwrap().into_parts();
        let peer = Peer::new(([127, 0, 0, 1], 1).into());
        let arrival = Arrival { peer, id: RequestId::random() };
        let mut content = Content::Unread(content);
        let answer = gateway.exchange(&head, &arrival, None, &mut content).await;
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
    async fn what_was_begun_is_finished_where_its_config_had_it() {
        let ceremonies = ceremonies();
        let first = gateway("main", "", &ceremonies);
        let moved = gateway("renamed", "/v2", &ceremonies).after(&first);
        let again = gateway("main", "/v3", &ceremonies).after(&moved);
        begun(&ceremonies, b"first", 0);
        begun(&ceremonies, b"moved", 1);
        assert_eq!(finish(&again, b"nobody's").await, None, "no route has the path any more");
        assert_eq!(finish(&again, b"moved").await, None, "that config did not have it on this path");
        assert_eq!(finish(&again, b"first").await, Some(503), "its upstream was asked");
        assert_eq!(ceremonies.generation_of(ChallengeKey::of(b"first")), None, "and it is used");
        assert_eq!(finish(&again, b"first").await, None);
    }

    #[tokio::test]
    async fn a_ceremony_of_a_config_that_is_not_kept_has_expired() {
        let ceremonies = ceremonies();
        let mut current = gateway("main", "", &ceremonies);
        begun(&ceremonies, b"old", 0);
        begun(&ceremonies, b"young", 1);
        for _ in 0..=MOST {
            current = gateway("main", "", &ceremonies).after(&current);
        }
        assert_eq!(finish(&current, b"old").await, Some(401));
        assert_eq!(finish(&current, b"young").await, Some(503));
        assert_eq!(ceremonies.generation_of(ChallengeKey::of(b"old")), Some(0), "nobody had it");
    }

    #[tokio::test(start_paused = true)]
    async fn earlier_configs_are_let_go() {
        let ceremonies = ceremonies();
        let mut current = gateway("main", "", &ceremonies);
        let first = Arc::downgrade(&current.shared);
        for _ in 0..MOST {
            current = gateway("main", "", &ceremonies).after(&current);
        }
        assert!(first.upgrade().is_some());
        let doors = |gateway: &Gateway| gateway.earlier(None, FINISH, &Method::POST, &HeaderMap::new()).len();
        assert_eq!(doors(&current), MOST);
        current = gateway("main", "", &ceremonies).after(&current);
        assert!(first.upgrade().is_none(), "the oldest makes room");
        tokio::time::advance(ceremonies.max_age() + UNDER_WAY).await;
        assert_eq!(doors(&current), 0);
        current = gateway("main", "", &ceremonies).after(&current);
        assert_eq!(current.former.len(), 1);
    }
}
