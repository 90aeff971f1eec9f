//! A whole migration: a thousand users move from their provider to the embedded relying party by config changes
//! alone, one step is reverted, and the provider is switched off. No sign-in is lost and no user is confused with
//! another.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::policies::old_provider::OldProvider;
use crate::policies::passkeys::Passkey;
use kit::caller::Caller;
use kit::config::{EMBEDDED, route, upstream};
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{begin, finish_with};
use kit::provider::Provider::Streambird;

const USERS: usize = 1000;
/// The last of the users return only after all others have moved.
const SELDOM: usize = 50;
const OFTEN: usize = USERS - SELDOM;
/// How many users sign in concurrently, and how many are between begin and finish at each step.
const AT_ONCE: usize = 8;
const MIDWAY: usize = 20;
const LEARN: &str = "learn_keys = \"own\"\nshadow = { upstream = \"own\", percent = 20 }\n";

/// The state shared by the steps.
struct Migration {
    passkeys: Arc<Vec<Passkey>>,
    old: OldProvider,
    gateway: Gateway,
    /// Expected begins and sign-ins at the old provider so far.
    at_old: [usize; 2],
}

fn begin_of(passkey: &Passkey) -> Request {
    begin(Streambird).with_json(&json!({ "domain": "localhost", "user_id": passkey.user }))
}

fn finish_of(passkey: &Passkey, begun: &Response) -> Request {
    assert_eq!(begun.status, 200, "{} begins: {begun:?}", passkey.user);
    finish_with(Streambird, &passkey.get(&Streambird.begun(begun).challenge), None)
}

/// Whether a sign-in succeeded, as the user who signed in and where it was begun.
fn check(passkey: &Passkey, begun: &Response, finished: &Response) -> String {
    assert_eq!(finished.status, 200, "{} signs in: {finished:?}", passkey.user);
    for answer in [begun, finished] {
        assert_eq!(answer.content_json()["user_id"], *passkey.user, "no user is confused with another");
    }
    let upstreams = [begun, finished].map(|answer| answer.field("passbridge-upstream").unwrap().to_owned());
    assert_eq!(upstreams[0], upstreams[1], "{}", passkey.user);
    upstreams[1].clone()
}

/// Signs users in one after another and returns those who did so at the embedded relying party.
async fn stripe(passkeys: Arc<Vec<Passkey>>, caller: Caller, users: Vec<usize>) -> BTreeSet<usize> {
    let mut moved = BTreeSet::new();
    for user in users {
        let passkey = &passkeys[user];
        let begun = caller.ask(&begin_of(passkey)).await;
        let finished = caller.ask(&finish_of(passkey, &begun)).await;
        if check(passkey, &begun, &finished) == "own" {
            moved.insert(user);
        }
    }
    moved
}

impl Migration {
    fn config(&self, policies: &str) -> String {
        Self::tables(&self.old, policies)
    }

    fn tables(old: &OldProvider, policies: &str) -> String {
        EMBEDDED.to_owned()
            + &upstream("old", Streambird, &old.base_url(), "")
            + "[gateway]\nhash_key = \"env:HASH_KEY\"\n"
            + &route("app", Streambird, "old", &format!("decision_headers = true\n{policies}"))
    }

    async fn start() -> Self {
        let passkeys: Arc<Vec<_>> = Arc::new((0..USERS).map(Passkey::of).collect());
        let old = OldProvider::start(passkeys.clone()).await;
        let gateway = Gateway::start(&Self::tables(&old, LEARN)).await;
        Self { passkeys, old, gateway, at_old: [0, 0] }
    }

    /// Changes the config while some users are between begin and finish; each finishes where they began.
    async fn step(&mut self, config: &str) {
        let mut midway = Vec::new();
        for passkey in self.passkeys.iter().take(MIDWAY) {
            midway.push((passkey, self.gateway.ask(&begin_of(passkey)).await));
        }
        let said = self.gateway.reload(config).await;
        assert_eq!(said["level"], "INFO", "{said}");
        for (passkey, begun) in midway {
            let finished = self.gateway.ask(&finish_of(passkey, &begun)).await;
            if check(passkey, &begun, &finished) == "old" {
                self.at_old = self.at_old.map(|count| count + 1);
            }
        }
        assert_eq!(self.old.counts(), self.at_old);
    }

    /// Signs that many users in and returns those who did so at the embedded relying party.
    async fn round(&mut self, users: usize) -> BTreeSet<usize> {
        let mut stripes = JoinSet::new();
        for first in 0..AT_ONCE {
            let caller = Caller::of(self.gateway.address);
            stripes.spawn(stripe(self.passkeys.clone(), caller, (first..users).step_by(AT_ONCE).collect()));
        }
        let moved: BTreeSet<_> = stripes.join_all().await.into_iter().flatten().collect();
        self.at_old = self.at_old.map(|count| count + users - moved.len());
        assert_eq!(self.old.counts(), self.at_old, "users who did not move signed in at the old provider");
        moved
    }

    async fn admin(&self, path: &str) -> Value {
        Caller::of(self.gateway.admin).ask(&Request::new("GET", path)).await.content_json()
    }

    /// Readiness: proven users, users one signature short, and all users.
    async fn meter(&self) -> [u64; 3] {
        let users = &self.admin("/readiness").await["own"]["active_users"];
        ["proven", "one_short", "total"].map(|kind| users[kind].as_u64().unwrap())
    }

    async fn share(&self) -> f64 {
        self.admin("/readiness").await["own"]["active_users"]["share"].as_f64().unwrap()
    }
}

/// Asserts the number of users at a percentage, within four standard deviations.
fn check_share(moved: &BTreeSet<usize>, percent: f64) {
    let (all, share) = (950.0, percent / 100.0);
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    let found = moved.len() as f64;
    let deviation = f64::sqrt(all * share * (1.0 - share));
    assert!((found - all * share).abs() <= 4.0 * deviation, "{found} at {percent} %");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_users_migrate_without_a_lost_sign_in() {
    let mut migration = Migration::start().await;
    let to_own = |percent: u32| format!("{LEARN}split.to.own = {{ percent = {percent}, only = \"proven\" }}\n");

    // All users sign in at the old provider, and readiness rises to the true share.
    assert_eq!(migration.meter().await, [0, 0, 0]);
    assert!(migration.round(USERS).await.is_empty());
    assert_eq!(migration.meter().await, [0, USERS as u64, USERS as u64], "one signature proves no key");
    assert!(migration.round(OFTEN).await.is_empty());
    assert_eq!(migration.meter().await, [OFTEN as u64, SELDOM as u64, USERS as u64]);
    assert!((migration.share().await - 0.95).abs() < 1e-9);
    let shadow = &migration.admin("/shadow").await["routes"][0];
    let seen: u64 = ["same", "different", "dropped"].iter().map(|outcome| shadow[outcome].as_u64().unwrap()).sum();
    assert_eq!(seen, (USERS + OFTEN) as u64 / 5, "a fifth of the begins was compared: {shadow}");

    // A tenth moves, then half.
    migration.step(&migration.config(&to_own(10))).await;
    let tenth = migration.round(OFTEN).await;
    check_share(&tenth, 10.0);
    migration.step(&migration.config(&to_own(50))).await;
    let half = migration.round(OFTEN).await;
    check_share(&half, 50.0);
    assert!(tenth.is_subset(&half), "no user moved back");

    // All users move back, and then one user alone stays back.
    migration.step(&migration.config(&to_own(0))).await;
    assert!(migration.round(OFTEN).await.is_empty());
    let one = *half.first().unwrap();
    std::fs::write(migration.gateway.folder().join("back.users"), &migration.passkeys[one].user).unwrap();
    let but_one = format!("{}pinned.old = \"back.users\"\n", to_own(50));
    migration.step(&migration.config(&but_one)).await;
    let half_but_one: BTreeSet<_> = half.iter().copied().filter(|user| *user != one).collect();
    assert_eq!(migration.round(OFTEN).await, half_but_one, "the same users as before, but the one");

    // All proven users move; a user who returns late is proven by that sign-in and moves with the next.
    migration.step(&migration.config(&to_own(100))).await;
    assert_eq!(migration.round(USERS).await, (0..OFTEN).collect());
    assert_eq!(migration.meter().await, [USERS as u64, 0, USERS as u64]);
    assert_eq!(migration.round(USERS).await, (0..USERS).collect());

    // The old provider is no longer needed and is switched off.
    let alone = migration.config("").replace("upstream = \"old\"", "upstream = \"own\"");
    let alone = alone.replace(&upstream("old", Streambird, &migration.old.base_url(), ""), "");
    migration.step(&alone).await;
    migration.old.switch_off();
    assert_eq!(migration.round(USERS).await, (0..USERS).collect());
    assert_eq!(migration.old.counts(), migration.at_old);
}
