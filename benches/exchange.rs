//! A whole exchange: a caller's request, the upstream call over loopback, the caller's response.
//!
//! The time includes everything except the server's own reading and writing. The upstream runs on another
//! thread, and its time is included.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{Criterion, criterion_group};
use http::Request;
use http_body_util::Empty;
use passbridge::ceremony::memory::Ceremonies;
use passbridge::config::load::{Origin, load};
use passbridge::gateway::Gateway;
use passbridge::gateway::handler::{Arrival, Content, Handler as _, Peer, RequestId, host_of};
use passbridge::gateway::runtime::RunningConfig;
use passbridge::gateway::upstream_client::UpstreamClient;
use passbridge::routes::upstream::UpstreamKind;
use passbridge::upstream::admission::Admission;
use passbridge::upstream::http_upstream::HttpUpstream;

use crate::upstream;

criterion_group!(benches, begins);

/// The gateway of `gateway.toml` in this directory, in front of that upstream.
fn gateway(upstream: SocketAddr) -> Gateway {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("gateway.toml").replace("127.0.0.1:19099", &upstream.to_string());
    fs::write(folder.path().join("key"), "sk_bench").unwrap();
    fs::write(folder.path().join("gateway.toml"), text).unwrap();
    let (config, diagnostics) = load(&Origin::File(folder.path().join("gateway.toml")));
    let config = config.unwrap_or_else(|| panic!("{diagnostics}"));
    let client = |upstream: &passbridge::routes::upstream::Upstream| match &upstream.kind {
        UpstreamKind::Http { base_url, http, .. } => {
            let admission = Admission::new(&upstream.name, http);
            UpstreamClient::Http(Box::new(HttpUpstream::new(base_url.clone(), http, admission).unwrap()))
        }
        UpstreamKind::Embedded(_) => panic!("the upstreams of the benchmark are providers"),
    };
    let clients = config.plan.upstreams.iter().map(client).collect();
    let ceremonies = Arc::new(Ceremonies::new(&config.ceremonies));
    let running =
        RunningConfig::new(config.plan, ceremonies, Arc::default(), config.limits, Vec::new(), config.fingerprint);
    Gateway::new(Arc::new(running), clients)
}

fn begins(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let gateway = gateway(upstream::start());
    let cases = HashMap::from([
        (
            "translate",
            (
                "/v1/auth/webauthn/authentication/begin",
                r#"{"domain":"localhost","user_id":"user_24wFP9pDa9YiMJLun94iKykoZs2"}"#,
            ),
        ),
        ("rich", ("/accounts/begin-auth-with-passkey", r#"{"email":"user@example.com","account":"acme"}"#)),
    ]);
    let peer = Peer::new(([127, 0, 0, 1], 1).into());
    let arrival = Arrival::of_peer(peer, RequestId::random());
    let mut group = criterion.benchmark_group("exchange");
    for (case, (path, content)) in cases {
        let exchange = || async {
            let request = Request::post(path)
                .header("host", "127.0.0.1")
                .header("content-type", "application/json")
                .header("authorization", "Bearer sk_bench")
                .body(Bytes::from_static(content.as_bytes()))
                .unwrap();
            let (head, content) = request.into_parts();
            let answer =
                gateway.handle(&head, &arrival, host_of(&head), &mut Content::<Empty<Bytes>>::Read(content)).await;
            let answer = answer.expect("the benchmark's request is an operation");
            assert_eq!(answer.status(), 200, "{answer:?}");
        };
        group.bench_function(case, |bencher| bencher.iter(|| runtime.block_on(exchange())));
    }
}
