//! Every kind of source maps the same sign-in and is queried no more often than its cache allows.

use rusqlite::Connection;

use crate::identity::directory::Directory;
use crate::identity::rig::{ADA, ADA_HERE, ADA_THERE, FILE, begin_for, last_user_sent, serve, sign_in, tables};
use kit::contract::check_response;
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::provider::Provider::{Quiva, Streambird};

async fn signs_in(gateway: &Gateway, fake: &Fake) {
    check_response(Quiva, "login.finish", &sign_in(gateway).await);
    assert_eq!(last_user_sent(fake), ADA_THERE);
    assert!(!fake.requests("login.begin").pop().unwrap().mentions(ADA_HERE), "the caller's name is not sent");
}

#[tokio::test]
async fn csv_file_maps_the_user() {
    let fake = Fake::start(Streambird).await;
    signs_in(&serve(&fake, FILE, ADA).await, &fake).await;
}

#[tokio::test]
async fn jsonl_file_maps_the_user() {
    let fake = Fake::start(Streambird).await;
    let map = FILE.replace("users.csv", "users.jsonl");
    let line = format!("{{\"email\":\"{ADA_HERE}\",\"new_id\":\"{ADA_THERE}\"}}\n");
    let config = Config::write(&tables(&fake, &map)).with_file("users.jsonl", &line);
    signs_in(&Gateway::start_of(config).await, &fake).await;
}

/// `[identity.users]` from a database.
const SQLITE: &str = "[identity.users]\nsqlite = \"users.db\"\ncaller = { \"user.email\" = \"email\" }\n\
                      query = \"SELECT new_id FROM users WHERE email = lower({user.email})\"\n\
                      upstream = { \"user.id\" = \"new_id\" }\n";

fn with_database(config: Config) -> (Config, Connection) {
    let database = Connection::open(config.folder().join("users.db")).unwrap();
    let rows = format!("CREATE TABLE users (email, new_id); INSERT INTO users VALUES ('{ADA_HERE}', '{ADA_THERE}')");
    database.execute_batch(&rows).unwrap();
    (config, database)
}

#[tokio::test]
async fn sqlite_maps_the_user_and_caches_the_result() {
    let fake = Fake::start(Streambird).await;
    let (config, database) = with_database(Config::write(&tables(&fake, SQLITE)));
    let gateway = Gateway::start_of(config).await;
    signs_in(&gateway, &fake).await;
    database.execute("UPDATE users SET new_id = 'moved'", []).unwrap();
    signs_in(&gateway, &fake).await;

    let kept_for_nothing = format!("{SQLITE}cache = {{ seconds = 0, missing_seconds = 0 }}\n");
    let (config, database) = with_database(Config::write(&tables(&fake, &kept_for_nothing)));
    let gateway = Gateway::start_of(config).await;
    signs_in(&gateway, &fake).await;
    database.execute("UPDATE users SET new_id = 'moved'", []).unwrap();
    gateway.ask(&begin_for(ADA_HERE)).await;
    assert_eq!(last_user_sent(&fake), "moved");
    database.execute("DELETE FROM users", []).unwrap();
    let (_, refused) = gateway.refused(&begin_for(ADA_HERE)).await;
    assert_eq!(refused.fault, "unknown_user");
}

#[tokio::test]
async fn caller_input_is_a_query_parameter() {
    let fake = Fake::start(Streambird).await;
    let (config, _database) = with_database(Config::write(&tables(&fake, SQLITE)));
    let gateway = Gateway::start_of(config).await;
    for address in ["x' OR '1'='1", "{user.email}", "?1"] {
        let (_, refused) = gateway.refused(&begin_for(address)).await;
        assert_eq!(refused.fault, "unknown_user", "{address}");
    }
    assert_eq!(fake.requests("login.begin").len(), 0);
}

#[tokio::test]
async fn http_service_maps_the_user_with_one_call() {
    let fake = Fake::start(Streambird).await;
    let directory = Directory::start().await;
    directory.answers(200, &format!("{{\"data\":{{\"id\":\"{ADA_THERE}\"}}}}"));
    let gateway = Gateway::start(&tables(&fake, &directory.map(""))).await;
    signs_in(&gateway, &fake).await;
    signs_in(&gateway, &fake).await;
    let asked = directory.requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("GET /users/user%40example.com HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[0].contains("authorization: sk_live_ours_3141592653\r\n"), "{asked:?}");
}

#[tokio::test]
async fn http_service_not_found_is_cached() {
    let fake = Fake::start(Streambird).await;
    let directory = Directory::start().await;
    directory.answers(404, "");
    let gateway = Gateway::start(&tables(&fake, &directory.map(""))).await;
    for _ in 0..2 {
        let (_, refused) = gateway.refused(&begin_for(ADA_HERE)).await;
        assert_eq!(refused.fault, "unknown_user");
    }
    assert_eq!(directory.requests().len(), 1);
}
