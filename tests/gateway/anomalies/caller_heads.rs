//! Callers whose request line or header fields are invalid, too many or unusual.

use crate::anomalies::pairs::{assert_refused, options, refuses, serves, tables};
use kit::gateway::Gateway;
use kit::message::Request;
use kit::passkey::begin;
use kit::provider::Provider::{self, Flashback, Quiva, Streambird};
use kit::rogue::{Reaction, Rogue};
use kit::wire::{Wire, head_of};

async fn start(dialect: Provider) -> (Rogue, Gateway) {
    let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
    let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
    (rogue, gateway)
}

#[tokio::test]
async fn malformed_http_gets_400_or_a_clean_close() {
    let (rogue, gateway) = start(Quiva).await;
    let broken: [&[u8]; 17] = [
        b"\r\n\r\n\r\n\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nhost: a\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nho st: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nx : y\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a/b\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ];
    for bytes in broken {
        let mut wire = Wire::connect(gateway.address).await;
        wire.send(bytes).await;
        wire.finish_sending().await;
        if let Some(answer) = wire.response().await {
            assert_eq!(answer.status, 400, "{:?}: {answer:?}", String::from_utf8_lossy(bytes));
        }
        assert!(wire.is_closed().await, "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(rogue.requests().len(), 0);
    serves(&gateway, Quiva).await;
}

#[tokio::test]
async fn conflicting_framing_cannot_smuggle_a_request() {
    let (rogue, gateway) = start(Quiva).await;
    let hidden = "POST /accounts/begin-auth-with-passkey HTTP/1.1\r\nhost: a\r\ncontent-length: 30\r\n\r\n";
    for framing in [
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: identity, chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding : chunked\r\ncontent-length: 5\r\n",
    ] {
        let mut wire = Wire::connect(gateway.address).await;
        let head = head_of(&begin(Quiva), framing);
        wire.send(format!("{head}0\r\n\r\n{hidden}{{\"email\":\"hidden@example.com\"}}\r\n")).await;
        wire.finish_sending().await;
        while let Some(answer) = wire.response().await {
            assert!(answer.status >= 400, "{framing}: {answer:?}");
        }
    }
    assert_eq!(rogue.requests().len(), 0, "no smuggled request arrived");
    serves(&gateway, Quiva).await;
}

#[tokio::test]
async fn oversized_head_gets_the_dialects_fault() {
    for dialect in Provider::ALL {
        let (rogue, gateway) = start(dialect).await;
        let length = format!("content-length: {}\r\n", begin(dialect).content.len());
        let cases = [
            ("many fields", (0..101).map(|index| format!("x-{index}: y\r\n")).collect::<String>()),
            ("one name many times", "x-a: y\r\n".repeat(101)),
            ("a long field", format!("x-a: {}\r\n", "y".repeat(17_000))),
        ];
        for (case, fields) in cases {
            let mut wire = Wire::connect(gateway.address).await;
            wire.send([head_of(&begin(dialect), &(fields + &length)).as_bytes(), &begin(dialect).content].concat())
                .await;
            let answer = wire.response().await.unwrap();
            assert_refused(&gateway, dialect, &answer, "too_large", case).await;
        }
        let mut wire = Wire::connect(gateway.address).await;
        wire.send(head_of(&begin(dialect), &format!("x-a: {}\r\n", "y".repeat(1 << 20)))).await;
        if let Some(answer) = wire.response().await {
            assert_eq!(answer.status, 431, "{answer:?}");
        }
        assert_eq!(rogue.requests().len(), 0);
        serves(&gateway, dialect).await;
    }
}

#[tokio::test]
async fn duplicate_credentials_are_refused() {
    for dialect in [Streambird, Flashback] {
        let (rogue, gateway) = start(dialect).await;
        let request = begin(dialect);
        let good = request.field("authorization").unwrap().to_owned();
        for fields in [
            format!("authorization: {good}\r\n"),
            "authorization: Bearer another\r\n".to_owned(),
            "authorization:\r\n".to_owned(),
        ] {
            let mut wire = Wire::connect(gateway.address).await;
            let length = format!("content-length: {}\r\n", request.content.len());
            wire.send([head_of(&request, &(fields.clone() + &length)).as_bytes(), &request.content].concat()).await;
            let answer = wire.response().await.unwrap();
            assert_eq!((answer.status, answer.field("connection")), (400, Some("close")), "{fields}: {answer:?}");
        }
        for odd in ["Bearer", "Bearer ", "bearer  x", "Bearer a b", "Bearer \u{e4}", "Basic Og==", "Negotiate"] {
            refuses(&gateway, dialect, &request.clone().with_field("authorization", odd), "unauthenticated", odd).await;
        }
        assert_eq!(rogue.requests().len(), 0);
        serves(&gateway, dialect).await;
    }
}

#[tokio::test]
async fn unusual_path_matches_no_operation() {
    let (rogue, gateway) = start(Quiva).await;
    let begin = begin(Quiva);
    let long = format!("/{}", "a".repeat(15_000));
    let odd = [
        "/accounts/../accounts/begin-auth-with-passkey",
        "/accounts/./begin-auth-with-passkey",
        "/accounts/%2e%2e/accounts/begin-auth-with-passkey",
        "//accounts/begin-auth-with-passkey",
        "/accounts/begin-auth-with-passkey/",
        "/accounts/begin-auth-with-passkey;a=b",
        "/accounts/begin-auth-with-passkey%00",
        "/accounts/begin-auth-with-passkey%2f",
        "/accounts%2fbegin-auth-with-passkey",
        "/ACCOUNTS/begin-auth-with-passkey",
        "/accounts\\begin-auth-with-passkey",
        "/%",
        "/%zz",
        long.as_str(),
        "*",
    ];
    for target in odd {
        let mut wire = Wire::connect(gateway.address).await;
        let request = Request { target: target.to_owned(), ..begin.clone() };
        let length = format!("connection: close\r\ncontent-length: {}\r\n", request.content.len());
        wire.send([head_of(&request, &length).as_bytes(), &request.content].concat()).await;
        let answer = wire.response().await.unwrap();
        assert!(matches!(answer.status, 400 | 404), "{target}: {answer:?}");
    }
    assert_eq!(rogue.requests().len(), 0);
    serves(&gateway, Quiva).await;
}

#[tokio::test]
async fn unusual_but_valid_request_is_served() {
    for dialect in Provider::ALL {
        let (_rogue, gateway) = start(dialect).await;
        let request = begin(dialect);
        let length = format!("content-length: {}\r\n", request.content.len());
        let head = head_of(&request, &length);
        let path = &request.target;
        let cases = [
            head.replace("content-type", "CoNtEnT-TyPe").replace("host", "HOST"),
            head.replace(": ", ":\t  "),
            format!("\r\n{head}"),
            head.replace(path, &format!("http://a.example{path}")),
            head.replace(path, &format!("{path}?")),
            head.replace(path, &format!("{path}?a=%zz&&=&b=%00")),
            head.replace("HTTP/1.1", "HTTP/1.0"),
            head.replace("host: a.example", "host: a.example:65535"),
            head.replace("\r\n\r\n", "\r\nupgrade: h2c, websocket\r\nconnection: upgrade, http2-settings\r\n\r\n"),
            head.replace("\r\n\r\n", "\r\nx-request-id: {\"a\":\"b\"}\r\nx-empty:\r\n\r\n"),
        ];
        for head in cases {
            let rogue_options = options(dialect);
            _rogue.does(Reaction::answers(rogue_options));
            let mut wire = Wire::connect(gateway.address).await;
            wire.send([head.as_bytes(), &request.content].concat()).await;
            let answer = wire.response().await.unwrap();
            assert_eq!(answer.status, 200, "{head}: {answer:?}");
            assert!(answer.text().contains("challenge\":\""), "{head}: {answer:?}");
        }
    }
}
