//! How long a private route takes to answer for users who are there and for users who are not.
//!
//! Those who are there have one passkey, five, or none at all, which is as good as not being there. Both are
//! asked in turns, so that whatever else the machine does hits both. What is printed is for people: nothing
//! fails here, and no test asserts a time. `cargo bench --bench decoys`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may stop where it stands, and prints")]

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

/// So many pairs are thrown away, and so many counted.
const WARM: usize = 2_000;
const PAIRS: usize = 20_000;
/// Those who are there, at either upstream, and how many passkeys each has.
const KNOWN: [(&str, usize); 3] = [("one@example.com", 1), ("five@example.com", 5), ("none@example.com", 0)];
/// The base point of P-256 as a COSE key: a key that nobody has.
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
            import_export::import(&mut directory, "localhost", people().as_bytes(), |bad| panic!("{bad}")).unwrap();
            let party = RelyingParty::open(settings, folder).unwrap();
            let learner = KeyLearner::start(party.clone()).unwrap();
            UpstreamClient::Embedded(party, learner)
        }
        UpstreamKind::Http { base_url, http, .. } => {
            let admission = Admission::new(&upstream.name, http);
            UpstreamClient::Http(HttpUpstream::new(base_url.clone(), http, admission).unwrap())
        }
    };
    let ceremonies = Arc::new(Ceremonies::new(&config.ceremonies));
    let running = RunningConfig::new(config.plan, ceremonies, Arc::default(), config.limits, Vec::new(), String::new());
    Gateway::new(Arc::new(running), vec![client])
}

/// The known users as lines for the directory.
fn people() -> String {
    let person = |(email, passkeys): (&str, usize)| {
        let passkey = |number| serde_json::json!({ "id": id(email, number), "public_key": KEY });
        let credentials: Vec<_> = (0..passkeys).map(passkey).collect();
        serde_json::json!({ "id": email, "email": email, "handle": id(email, 9), "credentials": credentials })
            .to_string()
            + "\n"
    };
    KNOWN.map(person).concat()
}

/// Asks for the known user and for one who is not there, in turns.
async fn measure(name: &str, gateway: &Gateway, who: &str, finishes: bool) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let strangers = strangers(gateway, who).await;
    for number in 0..WARM + PAIRS {
        let nobody = strangers[number % strangers.len()].as_str();
        // Who comes first changes, or the second would find the caches as the first left them.
        let order = if number % 2 == 0 { [who, nobody] } else { [nobody, who] };
        for user in order {
            let time = once(gateway, user, finishes).await;
            if number >= WARM {
                if user == who { known.push(time) } else { unknown.push(time) }
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

/// Users who are not there and whose answers list as much as the known user's: whoever measures compares those.
/// Five passkeys are more than anybody is made up with; four stand for them.
async fn strangers(gateway: &Gateway, who: &str) -> Vec<String> {
    let wanted = listed(gateway, who).await.min(4);
    let mut strangers = Vec::new();
    for number in 0..100_000 {
        let nobody = format!("n{number:05}@example.com");
        if listed(gateway, &nobody).await == wanted {
            strangers.push(nobody);
        }
        if strangers.len() == 200 {
            return strangers;
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

/// A passkey whose signature is well formed and holds for nobody.
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
    let arrival = Arrival { peer: Peer::new(([127, 0, 0, 1], 1).into()), id: RequestId::random() };
    let begun = Instant::now();
    let answer = gateway.handle(&head, &arrival, host_of(&head), &mut content).await.expect("nobody answered");
    let time = begun.elapsed();
    (String::from_utf8(answer.into_body().to_vec()).unwrap(), micros(time))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// What is told of many times.
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
        // Of the slowest tenth the machine tells more than the gateway.
        times.truncate(times.len() * 9 / 10);
        let count = f64::from(u32::try_from(times.len()).unwrap());
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { count, median, high, mean, variance }
    }
}
