//! Unmapped users: refused, or kept under the same name where the config allows it and no other user has that
//! name.

use crate::identity::rig::{ADA, FILE, begin_for, last_user_sent, serve};
use kit::config::{route, upstream};
use kit::contract::check_fault;
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::message::Request;
use kit::passkey::begin;
use kit::provider::Provider::{Quiva, Streambird};

#[tokio::test]
async fn unmapped_user_is_refused() {
    let fake = Fake::start(Streambird).await;
    let gateway = serve(&fake, FILE, ADA).await;
    let (answer, refused) = gateway.refused(&begin_for("stranger@example.com")).await;
    check_fault(Quiva, &answer);
    assert_eq!((refused.level.as_str(), refused.fault.as_str()), ("INFO", "unknown_user"));
    assert_eq!(fake.requests("login.begin").len(), 0);
}

/// Streambird's begin for a user of this id.
fn begin_of(id: &str) -> Request {
    let request = begin(Streambird);
    let mut content = request.json();
    content["user_id"] = id.into();
    request.with_json(&content)
}

#[tokio::test]
async fn unmapped_user_keeps_its_name_unless_taken() {
    let fake = Fake::start(Streambird).await;
    let map = "[identity.users]\nfile = \"users.csv\"\ncaller = { \"user.id\" = \"old\" }\n\
               upstream = { \"user.id\" = \"new\" }\nmissing = \"same\"\n";
    // Dialect and upstream are of one provider, and the upstream gets the gateway's own key.
    let tables = format!("{map}{}", upstream("new", Streambird, &fake.base_url(), "identity = \"users\""))
        + &route("main", Streambird, "new", "");
    let config = Config::write(&tables).with_file("users.csv", "old,new\n9,5\n");
    let gateway = Gateway::start_of(config).await;
    for (id, there) in [("9", "5"), ("7", "7")] {
        assert_eq!(gateway.ask(&begin_of(id)).await.status, 200);
        assert_eq!(last_user_sent(&fake), there);
    }
    let (_, refused) = gateway.refused(&begin_of("5")).await;
    assert_eq!(refused.fault, "unknown_user", "it is the upstream's name of user 9");
    assert_eq!(fake.requests("login.begin").len(), 2);
}
