//! A PostgreSQL server maps the same sign-in; a failing query is an outage and never another user.

use crate::identity::cluster::Cluster;
use crate::identity::relay::Relay;
use crate::identity::rig::{ADA_HERE, ADA_THERE, begin_for, last_user_sent, sign_in, tables};
use kit::contract::{check_fault, check_response};
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::provider::Provider::{Quiva, Streambird};
use kit::within;

const USERS: &str =
    "CREATE TABLE users (number uuid DEFAULT gen_random_uuid(), mail text, new_id varchar(99), old integer);
                     INSERT INTO users (mail, new_id, old) VALUES
                     ('user@example.com', 'user_24wFP9pDa9YiMJLun94iKykoZs2', 1), ('two@example.com', 'a', 2),
                     ('two@example.com', 'b', 3), ('none@example.com', NULL, 4)";
const QUERY: &str = "SELECT new_id FROM users WHERE mail = lower({user.email})";

/// `[identity.users]` with this query and further settings.
fn map(query: &str, more: &str) -> String {
    format!(
        "[identity.users]\npostgres = \"file:users.url\"\nquery = \"{query}\"\ncaller = {{ \"user.email\" = \"mail\" }}\n\
         upstream = {{ \"user.id\" = \"new_id\" }}\n{more}\n"
    )
}

fn config(fake: &Fake, cluster: &Cluster, map: &str) -> Config {
    Config::write(&tables(fake, map)).with_file("users.url", &cluster.address())
}

/// The same through a relay, with a short timeout.
fn by_relay(fake: &Fake, cluster: &Cluster, relay: &Relay) -> Config {
    let map = map(QUERY, "timeout_ms = 1000\ncache.seconds = 0");
    Config::write(&tables(fake, &map)).with_file("users.url", &cluster.address_at(relay.address.port()))
}

/// The fault of a begin for a user, and the reason in the log.
async fn refusal(gateway: &Gateway, address: &str) -> (String, String) {
    let (answer, refused) = gateway.refused(&begin_for(address)).await;
    check_fault(Quiva, &answer);
    assert!(!refused.reason.contains(address), "{}", refused.reason);
    (refused.fault, refused.reason)
}

/// Begins until one succeeds, like an app whose user tries again.
async fn begun_at_last(gateway: &Gateway) {
    within(async {
        while gateway.ask(&begin_for(ADA_HERE)).await.status != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn only_a_single_row_identifies_a_user() {
    let (fake, cluster) = (Fake::start(Streambird).await, Cluster::with(USERS).await);
    let gateway = Gateway::start_of(config(&fake, &cluster, &map(QUERY, ""))).await;
    check_response(Quiva, "login.finish", &sign_in(&gateway).await);
    assert_eq!(last_user_sent(&fake), ADA_THERE);
    assert!(!fake.requests("login.begin").pop().unwrap().mentions(ADA_HERE), "the caller's name is not sent");
    for (address, fault) in [
        ("new@example.com", "unknown_user"),
        ("none@example.com", "unknown_user"),
        ("x' OR 'a'='a", "unknown_user"),
        ("x'; DROP TABLE users; --@example.com", "unknown_user"),
        ("two@example.com", "identity_unavailable"),
        ("no\0text@example.com", "unknown_user"),
    ] {
        assert_eq!(refusal(&gateway, address).await.0, fault, "{address:?}");
    }
    assert_eq!(fake.requests("login.begin").len(), 1);
    let reason = "the identity map `users` cannot be queried: the result has more than one row";
    assert_eq!(refusal(&gateway, "two@example.com").await.1, reason, "and it is not cached");
    // Found and unknown users are both cached.
    cluster.run("DROP TABLE users").await;
    assert_eq!(gateway.ask(&begin_for(ADA_HERE)).await.status, 200);
    assert_eq!(refusal(&gateway, "new@example.com").await.0, "unknown_user");
    assert_eq!(refusal(&gateway, "newer@example.com").await.0, "identity_unavailable");
}

#[tokio::test]
async fn postgres_outage_ends_when_the_server_returns() {
    let (fake, mut cluster) = (Fake::start(Streambird).await, Cluster::with(USERS).await);
    let gateway = Gateway::start_of(config(&fake, &cluster, &map(QUERY, "cache.seconds = 0"))).await;
    begun_at_last(&gateway).await;
    // A restart between two queries goes unnoticed.
    cluster.stop();
    cluster.start().await;
    assert_eq!(gateway.ask(&begin_for(ADA_HERE)).await.status, 200);
    cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'passbridge'").await;
    assert_eq!(gateway.ask(&begin_for(ADA_HERE)).await.status, 200);
    // A statement is prepared again after its table changed.
    cluster.run("ALTER TABLE users ALTER COLUMN new_id TYPE text").await;
    assert_eq!(gateway.ask(&begin_for(ADA_HERE)).await.status, 200);

    let begun = fake.requests("login.begin").len();
    cluster.stop();
    for _ in 0..3 {
        let (fault, reason) = refusal(&gateway, ADA_HERE).await;
        assert_eq!(fault, "identity_unavailable");
        assert!(reason.starts_with("the identity map `users` cannot be queried: "), "{reason}");
    }
    assert_eq!(fake.requests("login.begin").len(), begun, "the upstream was not called");
    cluster.start().await;
    begun_at_last(&gateway).await;
    assert_eq!(last_user_sent(&fake), ADA_THERE);
}

#[tokio::test]
async fn slow_query_is_cancelled_on_both_sides() {
    let (fake, cluster) = (Fake::start(Streambird).await, Cluster::with(USERS).await);
    let slow = "SELECT new_id FROM users, pg_sleep(CASE mail WHEN 'two@example.com' THEN 600 ELSE 0 END)
                WHERE mail = {user.email}"
        .replace('\n', " ");
    let gateway = Gateway::start_of(config(&fake, &cluster, &map(&slow, "timeout_ms = 500"))).await;
    let two = begin_for("two@example.com");
    // More concurrent queries than connections.
    let answers = tokio::join!(
        gateway.ask(&two),
        gateway.ask(&two),
        gateway.ask(&two),
        gateway.ask(&two),
        gateway.ask(&two),
        gateway.ask(&two)
    );
    for answer in [answers.0, answers.1, answers.2, answers.3, answers.4, answers.5] {
        let refused = gateway.refusal_of(&answer).await;
        assert_eq!(refused.fault, "identity_unavailable");
    }
    begun_at_last(&gateway).await;
    assert_eq!(last_user_sent(&fake), ADA_THERE);
    while cluster.connections("active").await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect_timeout_exceeds_query_timeout() {
    let (fake, cluster) = (Fake::start(Streambird).await, Cluster::with(USERS).await);
    let relay = Relay::start(cluster.port).await;
    let gateway = Gateway::start_of(by_relay(&fake, &cluster, &relay)).await;
    relay.accepts_more(0);
    cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'passbridge'").await;
    assert_eq!(refusal(&gateway, ADA_HERE).await.0, "identity_unavailable", "its connection is still being made");
    // One connection arrives late and serves all later queries.
    relay.accepts_more(1);
    begun_at_last(&gateway).await;
    assert_eq!(last_user_sent(&fake), ADA_THERE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timed_out_connection_is_not_reused() {
    let (fake, cluster) = (Fake::start(Streambird).await, Cluster::with(USERS).await);
    let relay = Relay::start(cluster.port).await;
    let gateway = Gateway::start_of(by_relay(&fake, &cluster, &relay)).await;
    begun_at_last(&gateway).await;
    let begun = fake.requests("login.begin").len();
    relay.stalls();
    // The threads take turns, so some of the next queries are sent over stalled connections. Each of these is replaced
    // after its timeout, and then every query succeeds.
    let (mut succeeded, mut failed, mut in_a_row) = (0, 0, 0);
    within(async {
        while failed == 0 || in_a_row < 8 {
            match gateway.ask(&begin_for(ADA_HERE)).await.status {
                200 => (succeeded, in_a_row) = (succeeded + 1, in_a_row + 1),
                _ => (failed, in_a_row) = (failed + 1, 0),
            }
        }
    })
    .await;
    assert_eq!((fake.requests("login.begin").len(), last_user_sent(&fake).as_str()), (begun + succeeded, ADA_THERE));
}

#[tokio::test]
async fn invalid_query_is_reported_by_check() {
    let (fake, cluster) = (Fake::start(Streambird).await, Cluster::with(USERS).await);
    let checked = |map: &str, address: &str| {
        let output = Config::write(&tables(&fake, map)).with_file("users.url", address).check();
        (output.status.code(), String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap())
    };
    let with = |query: &str| checked(&map(query, ""), &cluster.address());
    for (query, problem) in [
        ("SELECT id FROM users WHERE mail = {user.email}", "column \"id\" does not exist"),
        ("SELECT mail FROM users WHERE mail = {user.email}", "the result has no column `new_id`, only: mail"),
        ("SELECT new_id, new_id FROM users WHERE mail = {user.email}", "the result has two columns `new_id`"),
        (
            "SELECT number AS new_id FROM users WHERE mail = {user.email}",
            "the column `new_id` has type uuid, not text: write `new_id::text AS new_id`",
        ),
        ("SELECT new_id FROM users WHERE old = {user.email}", "operator does not exist: integer = text"),
    ] {
        let (code, output) = with(query);
        assert_eq!(code, Some(78), "{output}");
        assert!(output.contains(&format!("error: `query` is not valid: {problem}")), "{output}");
    }
    let address = cluster.address();
    for (address, problem) in [
        (address.replace("a-password", "another"), "the server refuses the user or the password"),
        (address.replace("/postgres", "/other"), "the database does not exist"),
    ] {
        let (code, output) = checked(&map(QUERY, ""), &address);
        assert_eq!(code, Some(78), "{output}");
        assert!(output.contains(&format!("error: the database cannot be queried: {problem}")), "{output}");
        assert!(!output.contains("password-of-the-database"), "{output}");
    }
}

#[tokio::test]
async fn reload_applies_a_new_query_or_keeps_the_previous_config() {
    let (fake, mut cluster) = (Fake::start(Streambird).await, Cluster::with(USERS).await);
    let gateway = Gateway::start_of(config(&fake, &cluster, &map(QUERY, ""))).await;
    begun_at_last(&gateway).await;
    let moved = "SELECT 'moved' AS new_id FROM users WHERE mail = {user.email}";
    let entry = gateway.reload(&tables(&fake, &map("SELECT nothing FROM users WHERE mail = {user.email}", ""))).await;
    assert_eq!(entry["level"], "ERROR", "{entry}");
    begun_at_last(&gateway).await;
    assert_eq!(last_user_sent(&fake), ADA_THERE, "the previous config stays in use");
    let entry = gateway.reload(&tables(&fake, &map(moved, ""))).await;
    assert_eq!(entry["level"], "INFO", "{entry}");
    begun_at_last(&gateway).await;
    assert_eq!(last_user_sent(&fake), "moved", "no result of the previous query was kept");
    // A config is loaded even while the server is unavailable.
    cluster.stop();
    let entry = gateway.reload(&tables(&fake, &map(QUERY, ""))).await;
    assert_eq!(entry["level"], "INFO", "{entry}");
    assert_eq!(refusal(&gateway, ADA_HERE).await.0, "identity_unavailable");
    cluster.start().await;
    begun_at_last(&gateway).await;
    assert_eq!(last_user_sent(&fake), ADA_THERE);
}

#[tokio::test]
async fn query_cannot_write() {
    let (fake, cluster) = (Fake::start(Streambird).await, Cluster::with(USERS).await);
    let writes = "INSERT INTO users (mail, new_id) VALUES ({user.email}, 'new') RETURNING new_id";
    let gateway = Gateway::start_of(config(&fake, &cluster, &map(writes, ""))).await;
    let (fault, reason) = refusal(&gateway, ADA_HERE).await;
    assert_eq!(fault, "identity_unavailable");
    assert!(reason.ends_with("the query failed with SQLSTATE 25006"), "read_only_sql_transaction: {reason}");
}

#[tokio::test]
async fn tls_verifies_the_server_certificate() {
    let (fake, mut cluster) = (Fake::start(Streambird).await, Cluster::with(USERS).await);
    let at = |cluster: &Cluster, parameters: &str| format!("{}?sslmode={parameters}", cluster.address());
    let started = async |address: &str, more: &str, ca: &str| {
        let config = Config::write(&tables(&fake, &map(QUERY, more))).with_file("users.url", address);
        Gateway::start_of(config.with_file("ca.pem", ca)).await
    };
    let key = rcgen::KeyPair::generate().unwrap();
    let signed = |name: &str, key| rcgen::CertificateParams::new([name.to_owned()]).unwrap().self_signed(key).unwrap();
    let (ours, other) = (signed("127.0.0.1", &key).pem(), signed("db.example", &key).pem());
    let foreign = signed("127.0.0.1", &rcgen::KeyPair::generate().unwrap()).pem();

    let gateway = started(&at(&cluster, "require"), "", &ours).await;
    assert_eq!(refusal(&gateway, ADA_HERE).await.0, "identity_unavailable", "the server has no TLS");
    let file = "ca_file = \"ca.pem\"";
    for (shown, more, ca, is_trusted) in [
        (&ours, file, &ours, true),
        (&ours, file, &foreign, false),
        (&ours, "", &ours, false),
        // A trusted certificate for another host.
        (&other, file, &other, false),
    ] {
        cluster.stop();
        cluster.uses_tls(shown, &key.serialize_pem());
        cluster.start().await;
        let gateway = started(&at(&cluster, "require"), more, ca).await;
        if is_trusted {
            begun_at_last(&gateway).await;
            assert_eq!(last_user_sent(&fake), ADA_THERE);
            continue;
        }
        let (fault, reason) = refusal(&gateway, ADA_HERE).await;
        assert_eq!(fault, "identity_unavailable");
        assert!(reason.contains("TLS handshake"), "{reason}");
    }
}
