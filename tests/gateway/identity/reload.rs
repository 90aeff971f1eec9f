//! A reload reads the map file again; an invalid file keeps the previous config.

use crate::identity::rig::{ADA, ADA_HERE, ADA_THERE, FILE, begin_for, last_asked, serve, tables};
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
    assert_eq!(last_asked(&fake), ADA_THERE, "not before");

    let told = gateway.reload(&tables(&fake, FILE)).await;
    assert_eq!(told["level"], "INFO", "{told}");
    gateway.ask(&begin_for(ADA_HERE)).await;
    assert_eq!(last_asked(&fake), "moved");
    // What was begun is finished by the map it was begun with.
    let finished = gateway.ask(&finish(Quiva, &Quiva.begun(&begun))).await;
    assert_eq!(finished.status, 200, "{finished:?}");

    std::fs::write(&users, format!("{ADA}{ADA_HERE},other\n")).unwrap();
    let told = gateway.reload(&tables(&fake, FILE)).await;
    assert_eq!(told["level"], "ERROR", "{told}");
    assert!(told.to_string().contains("line 3 of `users.csv` has the same `email` as line 2"), "{told}");
    assert!(!told.to_string().contains(ADA_HERE), "{told}");
    gateway.ask(&begin_for(ADA_HERE)).await;
    assert_eq!(last_asked(&fake), "moved", "the old one goes on");
}
