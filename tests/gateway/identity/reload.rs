//! A reload reads the map file again; an invalid file keeps the previous config.

use crate::identity::rig::{ADA, ADA_HERE, ADA_THERE, FILE, begin_for, last_user_sent, serve, tables};
use kit::fake::Fake;
use kit::passkey::finish;
use kit::provider::Provider::{Quiva, Streambird};

#[tokio::test]
async fn reload_rereads_the_map_file() {
    let fake = Fake::start(Streambird).await;
    let gateway = serve(&fake, FILE, ADA).await;
    let begun = gateway.ask(&begin_for(ADA_HERE)).await;
    let users = gateway.folder().join("users.csv");
    std::fs::write(&users, ADA.replace(ADA_THERE, "moved")).unwrap();
    gateway.ask(&begin_for(ADA_HERE)).await;
    assert_eq!(last_user_sent(&fake), ADA_THERE, "not before");

    let entry = gateway.reload(&tables(&fake, FILE)).await;
    assert_eq!(entry["level"], "INFO", "{entry}");
    gateway.ask(&begin_for(ADA_HERE)).await;
    assert_eq!(last_user_sent(&fake), "moved");
    // A ceremony is finished with the map of its begin.
    let finished = gateway.ask(&finish(Quiva, &Quiva.begun(&begun))).await;
    assert_eq!(finished.status, 200, "{finished:?}");

    std::fs::write(&users, format!("{ADA}{ADA_HERE},other\n")).unwrap();
    let entry = gateway.reload(&tables(&fake, FILE)).await;
    assert_eq!(entry["level"], "ERROR", "{entry}");
    assert!(entry.to_string().contains("line 3 of `users.csv` has the same `email` as line 2"), "{entry}");
    assert!(!entry.to_string().contains(ADA_HERE), "{entry}");
    gateway.ask(&begin_for(ADA_HERE)).await;
    assert_eq!(last_user_sent(&fake), "moved", "the previous config stays in use");
}
