//! A route with hidden enumeration: an unmapped user gets a decoy, and an outage of the map gets none.

use serde_json::Value;

use crate::identity::directory::Directory;
use crate::identity::rig::{ADA, ADA_HERE, ADA_THERE, FILE, begin_for, last_user_sent};
use kit::config::{route, upstream};
use kit::contract::{check_fault, check_response};
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::passkey::finish;
use kit::provider::Provider::{Quiva, Streambird};

fn tables(fake: &Fake, map: &str) -> String {
    let there = upstream("new", Streambird, &fake.base_url(), "identity = \"users\"\ndiscoverable = false");
    let settings = "enumeration = \"hidden\"\nset.rp_id = \"localhost\"";
    format!("[gateway]\nhash_key = \"env:HASH_KEY\"\n{map}{there}{}", route("main", Quiva, "new", settings))
}

/// The names of a response's members, without their values.
fn members(content: &Value) -> Vec<String> {
    content["data"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn unmapped_user_gets_a_decoy() {
    let fake = Fake::start(Streambird).await;
    let gateway = Gateway::start_of(Config::write(&tables(&fake, FILE)).with_file("users.csv", ADA)).await;
    let real = gateway.ask(&begin_for(ADA_HERE)).await;
    check_response(Quiva, "login.begin", &real);
    assert_eq!(last_user_sent(&fake), ADA_THERE);

    fake.refuses("login.begin", "404_not_found");
    let mut sent = Vec::new();
    for _ in 0..2 {
        let made_up = gateway.ask(&begin_for("nobody@example.com")).await;
        check_response(Quiva, "login.begin", &made_up);
        assert_eq!(members(&made_up.content_json()), members(&real.content_json()));
        sent.push(last_user_sent(&fake));
        let refused = gateway.ask(&finish(Quiva, &Quiva.begun(&made_up))).await;
        check_fault(Quiva, &refused);
        assert_eq!(gateway.refusal_of(&refused).await.fault, "assertion_rejected", "whatever the upstream answers");
    }
    assert!(sent.iter().all(|name| *name != ADA_THERE && !name.contains("nobody")), "{sent:?}");
    assert_ne!(sent[0], sent[1], "the upstream gets a decoy user");
    assert_eq!(fake.requests("login.finish").len(), 2, "as for a known user");
}

#[tokio::test]
async fn map_outage_gets_no_decoy() {
    for (rule, fault) in [("refuse", "identity_unavailable"), ("unknown_user", "unknown_user")] {
        let (fake, directory) = (Fake::start(Streambird).await, Directory::start().await);
        directory.answers(500, "");
        let gateway = Gateway::start(&tables(&fake, &directory.map(&format!("outage = \"{rule}\"")))).await;
        let (answer, refused) = gateway.refused(&begin_for(ADA_HERE)).await;
        check_fault(Quiva, &answer);
        assert_eq!(refused.fault, fault);
        assert_eq!(fake.requests("login.begin").len(), 0, "the upstream is not called");
    }
}
