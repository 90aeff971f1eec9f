//! Response times of a route with hidden enumeration, for known and for unknown users.
//!
//! Known users have one passkey, five, or none, which is equivalent to an unknown user. Requests alternate
//! between both, so that other load on the machine affects both. The result is only printed: no test asserts
//! a time. `cargo bench --bench decoys`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may stop at any error, and prints")]

mod provider;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use passbridge::ceremony::memory::Ceremonies;
use passbridge::config::load::{Origin, load};
use passbridge::features::key_learning::KeyLearner;
use passbridge::gateway::Gateway;
use passbridge::gateway::handler::{Arrival, Content, Handler as _, Peer, RequestId, host_of};
use passbridge::gateway::runtime::RunningConfig;
use passbridge::gateway::upstream_client::UpstreamClient;
use passbridge::import_export;
use passbridge::relying_party::RelyingParty;
use passbridge::routes::upstream::UpstreamKind;
use passbridge::upstream::admission::Admission;
use passbridge::upstream::http_upstream::HttpUpstream;

use crate::provider::{id, imitate};

/// The number of pairs that are discarded, and the number that are counted.
const WARM: usize = 2_000;
const PAIRS: usize = 20_000;
/// The known users at each upstream, and the number of their passkeys.
const KNOWN: [(&str, usize); 3] = [("one@example.com", 1), ("five@example.com", 5), ("none@example.com", 0)];
/// The base point of P-256 as a COSE key: a key that no passkey uses.
const KEY: &str =
    "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU";

fn main() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = std::env::temp_dir().join(format!("passbridge-decoys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("key"), "0123456789abcdef0123456789abcdef").unwrap();
    let provider = imitate();
    runtime.block_on(async {
        for (name, upstream) in [("embedded", embedded()), ("over HTTP", over_http(provider))] {
            let gateway = gateway(&folder, &upstream);
            for (user, passkeys) in KNOWN {
                measure(&format!("{name}, begin, {passkeys} passkeys"), &gateway, user, false).await;
                measure(&format!("{name}, finish, {passkeys} passkeys"), &gateway, user, true).await;
            }
        }
    });
    std::fs::remove_dir_all(&folder).unwrap();
}

fn embedded() -> String {
    "[upstreams.work]\nprovider = \"embedded\"\nrp_id = \"localhost\"\norigins = [\"http://localhost:8080\"]\n\
     database = \"users.db\"\n"
        .to_owned()
}

fn over_http(address: SocketAddr) -> String {
    format!("[upstreams.work]\nprovider = \"quiva\"\nbase_url = \"http://{address}\"\ndiscoverable = false\n")
}

fn gateway(folder: &Path, upstream: &str) -> Gateway {
    let text = format!(
        "{upstream}\n[gateway]\nhash_key = \"file:key\"\n[routes.app]\ndialect = \"quiva\"\nupstream = \"work\"\n\
         callers = {{ open = \"anyone\", user = \"upstream\" }}\nenumeration = \"hidden\"\n"
    );
    let file = folder.join("gateway.toml");
    std::fs::write(&file, text).unwrap();
    let (config, diagnostics) = load(&Origin::File(file));
    let config = config.unwrap_or_else(|| panic!("{diagnostics}"));
    let upstream = &config.plan.upstreams[0];
    let client = match &upstream.kind {
        UpstreamKind::Embedded(settings) => {
            let mut directory = settings.open_directory(folder).unwrap();
            import_export::import(&mut directory, "localhost", known_users().as_bytes(), |bad| panic!("{bad}"))
                .unwrap();
            let party = RelyingParty::open(settings, folder).unwrap();
            let learner = KeyLearner::start(party.clone()).unwrap();
            UpstreamClient::Embedded(party, learner)
        }
        UpstreamKind::Http { base_url, http, .. } => {
            let admission = Admission::new(&upstream.name, http);
            UpstreamClient::Http(Box::new(HttpUpstream::new(base_url.clone(), http, admission).unwrap()))
        }
    };
    let ceremonies = Arc::new(Ceremonies::new(&config.ceremonies));
    let running = RunningConfig::new(config.plan, ceremonies, Arc::default(), config.limits, Vec::new(), String::new());
    Gateway::new(Arc::new(running), vec![client])
}

/// The known users as lines for the directory.
fn known_users() -> String {
    let person = |(email, passkeys): (&str, usize)| {
        let passkey = |number| serde_json::json!({ "id": id(email, number), "public_key": KEY });
        let credentials: Vec<_> = (0..passkeys).map(passkey).collect();
        serde_json::json!({ "id": email, "email": email, "handle": id(email, 9), "credentials": credentials })
            .to_string()
            + "\n"
    };
    KNOWN.map(person).concat()
}

/// Sends requests for the known user and for an unknown user alternately.
async fn measure(name: &str, gateway: &Gateway, known_user: &str, finishes: bool) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let unknown_users = unknown_users(gateway, known_user).await;
    for number in 0..WARM + PAIRS {
        let unknown_user = unknown_users[number % unknown_users.len()].as_str();
        // The order changes, because the second request would always find the caches warm.
        let order = if number % 2 == 0 { [known_user, unknown_user] } else { [unknown_user, known_user] };
        for user in order {
            let time = once(gateway, user, finishes).await;
            if number >= WARM {
                if user == known_user { known.push(time) } else { unknown.push(time) }
            }
        }
    }
    let (known, unknown) = (Figures::of(known), Figures::of(unknown));
    let error = (known.variance / known.count + unknown.variance / unknown.count).sqrt();
    println!(
        "{name:30} known {:7.1} us, unknown {:7.1} us (medians); 90 of 100 below {:7.1} and {:7.1}; means differ by \
         {:+.2} us, {:.2} us being their standard error",
        known.median,
        unknown.median,
        known.high,
        unknown.high,
        unknown.mean - known.mean,
        error,
    );
}

/// Unknown users whose responses list as many passkeys as the known user's, which is what an attacker compares.
/// Generated lists have at most four passkeys, so users with five are compared with users with four.
async fn unknown_users(gateway: &Gateway, known_user: &str) -> Vec<String> {
    let wanted = listed(gateway, known_user).await.min(4);
    let mut unknown_users = Vec::new();
    for number in 0..100_000 {
        let unknown_user = format!("n{number:05}@example.com");
        if listed(gateway, &unknown_user).await == wanted {
            unknown_users.push(unknown_user);
        }
        if unknown_users.len() == 200 {
            return unknown_users;
        }
    }
    panic!("too few list {wanted}")
}

async fn listed(gateway: &Gateway, user: &str) -> usize {
    let (answer, _) =
        timed(gateway, ask("/accounts/begin-auth-with-passkey", format!("{{\"email\":\"{user}\"}}"))).await;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    answer["data"]["allowCredentials"].as_array().unwrap().len()
}

/// The time of one begin, or of the finish after it, in microseconds.
async fn once(gateway: &Gateway, user: &str, finishes: bool) -> f64 {
    let request = ask("/accounts/begin-auth-with-passkey", format!("{{\"email\":\"{user}\"}}"));
    let (answer, time) = timed(gateway, request).await;
    assert!(answer.contains("allowCredentials"), "{answer}");
    if !finishes {
        return time;
    }
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let (challenge, id) = (&answer["data"]["challenge"], &answer["data"]["allowCredentials"][0]["id"]);
    let (challenge, id) = (urlsafe(challenge.as_str().unwrap()), urlsafe(id.as_str().unwrap()));
    let (answer, time) = timed(gateway, ask("/accounts/complete-auth-with-passkey", finish(&challenge, &id))).await;
    assert!(answer.contains("could not be verified"), "{answer}");
    time
}

fn urlsafe(text: &str) -> String {
    text.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()
}

/// An assertion with a well-formed signature that no key verifies.
fn finish(challenge: &str, id: &str) -> String {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let data = format!(
        "{{\"type\":\"webauthn.get\",\"challenge\":\"{challenge}\",\"origin\":\"http://localhost:8080\",\"crossOrigin\":false}}"
    );
    let credential = serde_json::json!({
        "id": id, "rawId": id, "type": "public-key",
        "response": {
            "clientDataJSON": encode(data.as_bytes()),
            "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ",
            "signature": "MEQCIBERERERERERERERERERERERERERERERERERERERERERAiAiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIg",
        },
    });
    serde_json::json!({ "credential": credential.to_string() }).to_string()
}

fn ask(path: &str, content: String) -> Request<Bytes> {
    let request = Request::builder().method("POST").uri(path).header("content-type", "application/json");
    request.body(Bytes::from(content)).unwrap()
}

async fn timed(gateway: &Gateway, request: Request<Bytes>) -> (String, f64) {
    let (head, content) = request.into_parts();
    let mut content = Content::<Empty<Bytes>>::Read(content);
    let arrival = Arrival::of_peer(Peer::new(([127, 0, 0, 1], 1).into()), RequestId::random());
    let begun = Instant::now();
    let answer = gateway.handle(&head, &arrival, host_of(&head), &mut content).await.expect("no response");
    let time = begun.elapsed();
    (String::from_utf8(answer.into_body().to_vec()).unwrap(), micros(time))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The statistics of many times.
struct Figures {
    count: f64,
    median: f64,
    high: f64,
    mean: f64,
    variance: f64,
}

impl Figures {
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let (median, high) = (times[times.len() / 2], times[times.len() * 9 / 10]);
        // The slowest tenth depends on the machine more than on the gateway.
        times.truncate(times.len() * 9 / 10);
        let count = f64::from(u32::try_from(times.len()).unwrap());
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { count, median, high, mean, variance }
    }
}
