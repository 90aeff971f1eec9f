//! A finish whose begin the gateway did not see, as after a restart.

use kit::config::{route, upstream};
use kit::contract::check_fault;
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::Request;
use kit::passkey::{begin, finish};
use kit::provider::Provider::{Apifox, Quiva};
use kit::rogue::Rogue;

/// A gateway with the old provider as its passthrough target.
async fn start(fake: &Fake, old: &Rogue, unseen: &str) -> Gateway {
    let tables = upstream("new", Apifox, &fake.base_url(), "")
        + &route("main", Quiva, "new", unseen)
        + &format!("[passthrough]\n\"*\" = \"{}\"\n", old.base_url());
    Gateway::start(&tables).await
}

async fn old() -> Rogue {
    Rogue::sending("HTTP/1.1 203 Whatever\r\nx-theirs: yes\r\ncontent-length: 3\r\n\r\n\u{0}{x").await
}

/// A finish of a ceremony that another process began.
async fn begun_elsewhere(fake: &Fake, old: &Rogue) -> Request {
    let before = start(fake, old, "").await;
    let begun = Quiva.begun(&before.ask(&begin(Quiva)).await);
    let request = finish(Quiva, &begun);
    let spaced = String::from_utf8(request.content.clone()).unwrap().replacen(':', " :\n ", 1);
    request.with_content(spaced)
}

#[tokio::test]
async fn unknown_ceremony_passes_through_unchanged() {
    let (fake, old) = (Fake::start(Apifox).await, old().await);
    let request = begun_elsewhere(&fake, &old).await;
    let gateway = start(&fake, &old, "unknown_ceremonies = \"pass\"").await;
    let answer = gateway.ask(&request).await;
    assert_eq!((answer.status, answer.text(), answer.field("x-theirs")), (203, "\u{0}{x", Some("yes")));
    let sent = String::from_utf8(request.content).unwrap();
    assert!(old.requests()[0].ends_with(&format!("\r\n\r\n{sent}")), "{:?}", old.requests());
    assert_eq!(fake.requests("login.finish").len(), 0);

    let begun = Quiva.begun(&gateway.ask(&begin(Quiva)).await);
    assert_eq!(gateway.ask(&finish(Quiva, &begun)).await.status, 200, "a known ceremony does not pass through");
    assert_eq!((fake.requests("login.finish").len(), old.requests().len()), (1, 1));
    assert_eq!(gateway.ask(&finish(Quiva, &begun)).await.status, 203, "a used ceremony is unknown again");
}

#[tokio::test]
async fn unknown_ceremony_is_refused_by_default() {
    for unseen in ["", "unknown_ceremonies = \"reject\""] {
        let (fake, old) = (Fake::start(Apifox).await, old().await);
        let request = begun_elsewhere(&fake, &old).await;
        let gateway = start(&fake, &old, unseen).await;
        let (answer, refused) = gateway.refused(&request).await;
        check_fault(Quiva, &answer);
        assert_eq!(refused.fault, "challenge_expired");
        assert_eq!((fake.requests("login.finish").len(), old.requests().len()), (0, 0));
    }
}
