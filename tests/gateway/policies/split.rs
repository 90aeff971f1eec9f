//! Splits: the same users on every replica and after a restart, and only additional users when a part grows.

use crate::policies::rig::{TwoUpstreams, begin_of, begins, decision, signs_in, user};
use kit::gateway::Gateway;
use kit::passkey::finish;
use kit::provider::Provider::Quiva;

const USERS: usize = 200;

/// The upstream of each user.
async fn upstreams_of_users(gateway: &Gateway) -> Vec<String> {
    let mut upstreams = Vec::new();
    for number in 0..USERS {
        let (upstream, reason) = begins(gateway, &user(number)).await;
        assert_eq!(reason, "split");
        upstreams.push(upstream);
    }
    upstreams
}

#[tokio::test]
async fn split_is_stable_across_replicas_and_restart() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let half = "split.to.new = 50";
    let (one, other) = (upstreams.gateway(half).await, upstreams.gateway(half).await);
    let assigned = upstreams_of_users(&one).await;
    assert_eq!(assigned, upstreams_of_users(&other).await);
    drop(one);
    assert_eq!(assigned, upstreams_of_users(&upstreams.gateway(half).await).await, "after a restart");
    let moved = assigned.iter().filter(|upstream| *upstream == "new").count();
    // Half of two hundred, and four standard deviations; the users and the key are always the same.
    assert!((72..=128).contains(&moved), "{moved} of {USERS}");
    assert_eq!(upstreams.seen("login.begin"), [3 * (USERS - moved), 3 * moved]);
}

#[tokio::test]
async fn growing_percentage_moves_no_user_back() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway("split.to.new = 10").await;
    let mut before = upstreams_of_users(&gateway).await;
    for percent in ["20", "50.5", "{ percent = 80 }", "100"] {
        upstreams.reload(&gateway, &format!("split.to.new = {percent}")).await;
        let after = upstreams_of_users(&gateway).await;
        let moved_back = before.iter().zip(&after).filter(|(before, after)| *before == "new" && *after == "old");
        assert_eq!(moved_back.count(), 0, "at {percent}");
        let count = |upstreams: &[String]| upstreams.iter().filter(|upstream| *upstream == "new").count();
        assert!(count(&after) > count(&before), "at {percent}");
        before = after;
    }
    assert!(before.iter().all(|upstream| upstream == "new"));
    upstreams.reload(&gateway, "split.to.new = 0").await;
    assert!(upstreams_of_users(&gateway).await.iter().all(|upstream| upstream == "old"), "and all users can move back");
}

#[tokio::test]
async fn finish_goes_to_the_upstream_of_its_begin() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway("split.to.new = 0").await;
    let begun = gateway.ask(&begin_of("ada@example.com")).await;
    assert_eq!(decision(&begun).0, "old");
    upstreams.reload(&gateway, "split.to.new = 100").await;
    assert_eq!(signs_in(&gateway, "ada@example.com").await, ["new", "new"]);
    let finished = gateway.ask(&finish(Quiva, &Quiva.begun(&begun))).await;
    assert_eq!(decision(&finished), ("old".into(), "ceremony".into()));
    assert_eq!(upstreams.seen("login.finish"), [1, 1]);
}

#[tokio::test]
async fn log_names_upstream_reason_and_config() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway("split.to.new = 100").await;
    let first = gateway.ask(&begin_of("ada@example.com")).await;
    let line = gateway.logs.line_of(&first, "upstream").await;
    let said = ["route", "upstream", "reason"].map(|name| line[name].as_str().unwrap().to_owned());
    assert_eq!(said, ["app login.begin", "new", "split"]);
    assert_eq!(line["config"], first.field("passbridge-config").unwrap());
    upstreams.reload(&gateway, "split.to.new = 99.99").await;
    let second = gateway.ask(&begin_of("ada@example.com")).await;
    let configs = [&first, &second].map(|answer| answer.field("passbridge-config").unwrap().split_once('-').unwrap());
    assert_eq!(configs.map(|(generation, _)| generation), ["0", "1"]);
    assert_ne!(configs[0].1, configs[1].1, "another config has another hash");
    upstreams.reload(&gateway, "split.to.new = 100").await;
    let third = gateway.ask(&begin_of("ada@example.com")).await;
    assert_eq!(third.field("passbridge-config"), Some(format!("2-{}", configs[0].1).as_str()));
}

#[tokio::test]
async fn decision_headers_are_absent_by_default() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let silent = upstreams.config("split.to.new = 100").replace("decision_headers = true\n", "");
    let answer = Gateway::start(&silent).await.ask(&begin_of("ada@example.com")).await;
    assert_eq!(answer.fields.iter().find(|(name, _)| name.starts_with("passbridge-")), None);
}
