//! Begins without a user: assigned by a cookie or a header field, or to the default upstream.

use crate::policies::rig::{TwoUpstreams, decision};
use kit::passkey::begin;
use kit::provider::Provider::Auth0;

const BROWSERS: usize = 60;

#[tokio::test]
async fn cookie_selects_the_same_upstream_on_every_replica() {
    let upstreams = TwoUpstreams::of(Auth0).await;
    let policies = "split = { cookie = true, to.new = 50 }";
    let (one, other) = (upstreams.gateway(policies).await, upstreams.gateway(policies).await);
    let mut moved = 0;
    for _ in 0..BROWSERS {
        let first = one.ask(&begin(Auth0)).await;
        let (upstream, reason) = decision(&first);
        assert_eq!(reason, "cookie");
        let cookie = first.field("set-cookie").unwrap();
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax");
        for gateway in [&one, &other] {
            let again = gateway.ask(&begin(Auth0).with_field("cookie", &format!("theme=dark; {pair}"))).await;
            assert_eq!(decision(&again), (upstream.clone(), "cookie".into()));
            assert_eq!(again.field("set-cookie"), None, "it has one");
        }
        moved += usize::from(upstream == "new");
    }
    // Half of sixty. One run in a hundred million is outside of these bounds.
    assert!((8..=52).contains(&moved), "{moved} of {BROWSERS}");
}

#[tokio::test]
async fn forged_cookie_is_ignored() {
    let upstreams = TwoUpstreams::of(Auth0).await;
    let gateway = upstreams.gateway("split = { cookie = true, to.new = 50 }").await;
    let forged = begin(Auth0)
        .with_field("cookie", "passbridge=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert!(gateway.ask(&forged).await.field("set-cookie").is_some(), "the response sets a valid one");
}

#[tokio::test]
async fn header_field_selects_the_upstream_and_sets_no_cookie() {
    let upstreams = TwoUpstreams::of(Auth0).await;
    let gateway = upstreams.gateway("split = { cookie = true, header = \"X-Device-Id\", to.new = 50 }").await;
    let mut ways = [0, 0];
    for device in 0..BROWSERS {
        let request = begin(Auth0).with_field("x-device-id", &format!("device-{device}"));
        let answers = [gateway.ask(&request).await, gateway.ask(&request).await];
        let [first, second] = answers.each_ref().map(decision);
        assert_eq!((&first, first.1.as_str()), (&second, "header"));
        assert!(answers.iter().all(|answer| answer.field("set-cookie").is_none()));
        ways[usize::from(first.0 == "new")] += 1;
    }
    assert!(ways.iter().all(|count| *count >= 8), "{ways:?}");
}

#[tokio::test]
async fn request_without_a_split_key_uses_the_default_upstream() {
    let upstreams = TwoUpstreams::of(Auth0).await;
    let gateway = upstreams.gateway("split = { header = \"x-device-id\", to.new = 100 }").await;
    assert_eq!(decision(&gateway.ask(&begin(Auth0)).await), ("old".into(), "default".into()));
}
