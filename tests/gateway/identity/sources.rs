//! Every kind of source leads to the same sign-in, and is asked no oftener than its cache says.

use rusqlite::Connection;

use crate::identity::directory::Directory;
use crate::identity::rig::{ADA, ADA_HERE, ADA_THERE, FILE, begin_for, last_asked, serve, sign_in, tables};
use kit::contract::check_response;
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::provider::Provider::{Quiva, Streambird};

async fn signs_in(gateway: &Gateway, fake: &Fake) {
    check_response(Quiva, "login.finish", &sign_in(gateway).await);
    assert_eq!(last_asked(fake), ADA_THERE);
    assert!(!fake.requests("login.begin").pop().unwrap().mentions(ADA_HERE), "the caller's name stays here");
}

#[tokio::test]
async fn a_file_names_the_upstreams_user() {
    let fake = Fake::start(Streambird).await;
    signs_in(&serve(&fake, FILE, ADA).await, &fake).await;
}

#[tokio::test]
async fn so_do_json_lines() {
    let fake = Fake::start(Streambird).await;
    let map = FILE.replace("users.csv", "users.jsonl");
    let line = format!("{{\"email\":\"{ADA_HERE}\",\"new_id\":\"{ADA_THERE}\"}}\n");
    let config = Config::write(&tables(&fake, &map)).beside("users.jsonl", &line);
    signs_in(&Gateway::start_of(config).await, &fake).await;
}

/// `[identity.users]` out of a database.
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
async fn so_does_a_database_and_its_answer_is_kept_as_long_as_it_may_be() {
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
    assert_eq!(last_asked(&fake), "moved");
    database.execute("DELETE FROM users", []).unwrap();
    let (_, refused) = gateway.refused(&begin_for(ADA_HERE)).await;
    assert_eq!(refused.fault, "unknown_user");
}

#[tokio::test]
async fn what_a_caller_sends_is_never_part_of_a_query() {
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
async fn so_does_a_service_that_is_asked_once() {
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
async fn a_user_the_service_does_not_know_is_unknown_for_a_while() {
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
