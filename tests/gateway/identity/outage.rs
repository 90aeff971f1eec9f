//! An identity map that cannot be queried fails the request with its own fault.

use rusqlite::Connection;

use crate::identity::directory::Directory;
use crate::identity::rig::{ADA_HERE, ADA_THERE, begin_for, last_user_sent, tables};
use kit::contract::check_fault;
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::logs::Refused;
use kit::provider::Provider::{Quiva, Streambird};

/// A begin that must be refused without an upstream call.
async fn refused(gateway: &Gateway, fake: &Fake) -> (u16, Refused) {
    let (answer, refused) = gateway.refused(&begin_for(ADA_HERE)).await;
    check_fault(Quiva, &answer);
    assert_eq!(fake.requests("login.begin").len(), 0);
    (answer.status, refused)
}

#[tokio::test]
async fn failing_or_invalid_http_map_is_an_outage() {
    let fake = Fake::start(Streambird).await;
    let directory = Directory::start().await;
    let gateway = Gateway::start(&tables(&fake, &directory.map(""))).await;
    for (status, content) in [(500, ""), (200, "<html>"), (302, ""), (200, "{\"data\":{\"id\":{}}}")] {
        directory.answers(status, content);
        let (status, refused) = refused(&gateway, &fake).await;
        assert_eq!((status, refused.fault.as_str(), refused.level.as_str()), (503, "identity_unavailable", "WARN"));
        assert!(refused.reason.starts_with("the identity map `users` cannot be queried: "), "{}", refused.reason);
    }
    // No outage is cached.
    directory.answers(200, &format!("{{\"data\":{{\"id\":\"{ADA_THERE}\"}}}}"));
    assert_eq!(gateway.ask(&begin_for(ADA_HERE)).await.status, 200);
    assert_eq!(last_user_sent(&fake), ADA_THERE);
}

#[tokio::test]
async fn hanging_http_map_times_out() {
    let fake = Fake::start(Streambird).await;
    let directory = Directory::start().await;
    let gateway = Gateway::start(&tables(&fake, &directory.map("timeout_ms = 50"))).await;
    assert_eq!(refused(&gateway, &fake).await.1.fault, "identity_unavailable");
}

#[tokio::test]
async fn map_outage_can_be_configured_as_unknown_user() {
    let fake = Fake::start(Streambird).await;
    let directory = Directory::start().await;
    directory.answers(500, "");
    let gateway = Gateway::start(&tables(&fake, &directory.map("outage = \"unknown_user\""))).await;
    let (_, refused) = refused(&gateway, &fake).await;
    assert_eq!(refused.fault, "unknown_user");
    assert!(refused.reason.contains("cannot be queried"), "the log distinguishes them: {}", refused.reason);
}

#[tokio::test]
async fn missing_table_is_an_outage() {
    let fake = Fake::start(Streambird).await;
    let map = "[identity.users]\nsqlite = \"users.db\"\nquery = \"SELECT id FROM users WHERE mail = {user.email}\"\n\
               caller = { \"user.email\" = \"mail\" }\nupstream = { \"user.id\" = \"id\" }\n";
    let config = Config::write(&tables(&fake, map));
    let database = Connection::open(config.folder().join("users.db")).unwrap();
    database.execute_batch("CREATE TABLE users (mail, id)").unwrap();
    let gateway = Gateway::start_of(config).await;
    assert_eq!(refused(&gateway, &fake).await.1.fault, "unknown_user");
    database.execute_batch("DROP TABLE users").unwrap();
    let (answer, refused) = gateway.refused(&begin_for("other@example.com")).await;
    assert_eq!((answer.status, refused.fault.as_str()), (503, "identity_unavailable"));
}
