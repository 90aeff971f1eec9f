//! Fallback: a begin moves on when an upstream fails, each upstream is called once, and a finish never moves.

use crate::policies::rig::{TwoUpstreams, begin_of, begins, decision, signs_in};
use kit::passkey::finish;
use kit::provider::Provider::Quiva;

const UNKNOWN: &str = "401_unknown_user";
const FALLBACK: &str =
    "fallback = { on = [\"unknown_user\", \"upstream_unavailable\", \"upstream_timeout\"], to = [\"new\"] }";

#[tokio::test]
async fn unknown_user_falls_back_for_begin_and_finish() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway(FALLBACK).await;
    assert_eq!(begins(&gateway, "ada@example.com").await, ("old".into(), "default".into()));
    upstreams.old.refuses("login.begin", UNKNOWN);
    assert_eq!(begins(&gateway, "ada@example.com").await, ("new".into(), "fallback".into()));
    assert_eq!(upstreams.seen("login.begin"), [2, 1]);
    assert_eq!(signs_in(&gateway, "ada@example.com").await, ["new", "new"]);
    assert_eq!((upstreams.seen("login.begin"), upstreams.seen("login.finish")), ([3, 2], [0, 1]));
}

#[tokio::test]
async fn fallback_calls_each_upstream_once() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let to_both = "pinned.new = \"new.list\"\nfallback = { on = [\"unknown_user\"], to = [\"new\", \"old\"] }";
    let gateway = upstreams.gateway("").await;
    std::fs::write(gateway.folder().join("new.list"), "ada@example.com\n").unwrap();
    upstreams.reload(&gateway, to_both).await;
    for fake in [&upstreams.old, &upstreams.new] {
        fake.refuses("login.begin", UNKNOWN);
    }
    for (user, picked) in [("ada@example.com", "new"), ("bob@example.com", "old")] {
        let before = upstreams.seen("login.begin");
        let (answer, refused) = gateway.refused(&begin_of(user)).await;
        assert_eq!((refused.fault.as_str(), answer.field("passbridge-upstream")), ("unknown_user", Some(picked)));
        assert_eq!(upstreams.seen("login.begin"), before.map(|count| count + 1), "{user}");
    }
}

#[tokio::test]
async fn fault_not_listed_does_not_fall_back() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway(FALLBACK).await;
    for (fault, name) in [("400_invalid_request", "invalid_request"), ("429_rate_limited", "rate_limited")] {
        upstreams.old.refuses("login.begin", fault);
        assert_eq!(gateway.refused(&begin_of("ada@example.com")).await.1.fault, name);
    }
    assert_eq!(upstreams.seen("login.begin"), [2, 0]);
}

#[tokio::test]
async fn unreachable_upstream_is_an_outage_not_an_unknown_user() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let config = upstreams.config(FALLBACK);
    let gone = config.replace(&upstreams.old.base_url(), "http://127.0.0.1:1");
    let gateway = kit::gateway::Gateway::start(&gone).await;
    assert_eq!(begins(&gateway, "ada@example.com").await, ("new".into(), "fallback".into()));
    upstreams.new.refuses("login.begin", UNKNOWN);
    assert_eq!(gateway.refused(&begin_of("ada@example.com")).await.1.fault, "upstream_unavailable");
}

#[tokio::test]
async fn fallback_shares_one_deadline() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    upstreams.old.hangs("login.begin");
    let impatient = |deadline: u64| {
        let policies = FALLBACK.replace(" }", &format!(", deadline_ms = {deadline} }}"));
        upstreams.config(&policies).replacen("[upstreams.old]\n", "[upstreams.old]\ntimeout_ms = 200\n", 1)
    };
    let gateway = kit::gateway::Gateway::start(&impatient(20_000)).await;
    assert_eq!(begins(&gateway, "ada@example.com").await, ("new".into(), "fallback".into()));
    gateway.reload(&impatient(50)).await;
    let (_, refused) = gateway.refused(&begin_of("ada@example.com")).await;
    assert_eq!(refused.fault, "upstream_timeout");
    assert_eq!(upstreams.seen("login.begin"), [2, 1], "all attempts share the deadline");
}

#[tokio::test]
async fn finish_never_falls_back() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway(FALLBACK).await;
    let begun = Quiva.begun(&gateway.ask(&begin_of("ada@example.com")).await);
    upstreams.old.refuses("login.finish", UNKNOWN);
    let answer = gateway.ask(&finish(Quiva, &begun)).await;
    assert_eq!((answer.status, answer.field("passbridge-upstream")), (401, Some("old")));
    assert_eq!(upstreams.seen("login.finish"), [1, 0]);
    upstreams.old.refuses("login.begin", UNKNOWN);
    assert_eq!(decision(&gateway.ask(&begin_of("ada@example.com")).await).0, "new");
}
