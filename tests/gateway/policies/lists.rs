//! Lists: users and accounts pinned to an upstream, and one rolled back.

use serde_json::json;

use crate::policies::rig::{TwoUpstreams, begins, decision, signs_in};
use kit::passkey::begin;
use kit::provider::Provider::Quiva;

const LISTS: &str = "pinned = { new = \"new.list\", old = \"old.list\" }\nsplit.to.new = 100";

#[tokio::test]
async fn pinned_users_override_the_split() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway("").await;
    let write = |new: &str, old: &str| {
        std::fs::write(gateway.folder().join("new.list"), new).unwrap();
        std::fs::write(gateway.folder().join("old.list"), old).unwrap();
    };
    write("# the first batch\nAda@example.com\nacme   # the whole account\n", "");
    upstreams.reload(&gateway, "pinned.new = \"new.list\"").await;
    assert_eq!(signs_in(&gateway, "ada@EXAMPLE.com").await, ["new", "new"]);
    assert_eq!(begins(&gateway, "bob@example.com").await, ("old".into(), "default".into()));
    let of_account = begin(Quiva).with_json(&json!({ "email": "bob@example.com", "account": "acme" }));
    assert_eq!(decision(&gateway.ask(&of_account).await), ("new".into(), "list".into()));

    write("acme\n", "ada@example.com\n");
    upstreams.reload(&gateway, LISTS).await;
    assert_eq!(begins(&gateway, "bob@example.com").await, ("new".into(), "split".into()));
    assert_eq!(
        begins(&gateway, "ada@example.com").await,
        ("old".into(), "list".into()),
        "rolled back, before the split"
    );
    let of_account = begin(Quiva).with_json(&json!({ "email": "ada@example.com", "account": "acme" }));
    assert_eq!(
        decision(&gateway.ask(&of_account).await).0,
        "old",
        "a user's own line takes precedence over the account's"
    );
}

#[tokio::test]
async fn invalid_list_on_reload_keeps_the_previous_config() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway("").await;
    let list = |name: &str, text: &str| std::fs::write(gateway.folder().join(name), text).unwrap();
    list("new.list", "ada@example.com\n");
    list("old.list", "");
    upstreams.reload(&gateway, LISTS).await;
    list("old.list", "\nADA@example.com\n");
    let said = gateway.reload(&upstreams.config(LISTS)).await;
    let message = said["message"].as_str().unwrap();
    assert!(message.contains("new.list:1 and ") && message.contains("old.list:2 have the same value"), "{message}");
    assert!(!message.to_lowercase().contains("ada@"), "{message}");
    assert_eq!(begins(&gateway, "ada@example.com").await.0, "new");
}
