//! Upstreams whose HTTP is right and whose content is not.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::anomalies::pairs::{options, refuses, serves, tables};
use kit::gateway::Gateway;
use kit::passkey::begin;
use kit::provider::Provider;
use kit::rogue::{Deed, Rogue};

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The options with another member, of this value, before all others.
fn with_member(options: &str, value: &str) -> String {
    format!("{{\"zzz\":{value},{}", &options[1..])
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

/// Not one of these is content that can be used.
fn broken(good: &str) -> Vec<(&'static str, Deed)> {
    let bytes = |insert: &[u8]| [&good.as_bytes()[..2], insert, &good.as_bytes()[2..]].concat();
    let first = good.split('"').nth(1).unwrap();
    vec![
        ("nothing", Deed::answers("")),
        ("a page", Deed::answers_with("content-type: text/html\r\n", "<!doctype html><title>502</title>")),
        ("half", Deed::answers(&good[..good.len() / 2])),
        ("twice", Deed::answers(format!("{good}{good}"))),
        ("garbage behind", Deed::answers(format!("{good} // ok"))),
        ("a nought behind", Deed::answers(format!("{good}\0"))),
        ("a mark of byte order", Deed::answers(format!("\u{feff}{good}"))),
        ("a list of it", Deed::answers(format!("[{good}]"))),
        ("text of it", Deed::answers(serde_json::to_string(good).unwrap())),
        ("a byte that is no UTF-8", Deed::answers(bytes(b"\xff"))),
        ("an overlong form", Deed::answers(bytes(b"\xc0\xaf"))),
        ("half a surrogate", Deed::answers(good.replace("\"rpId\":\"", "\"rpId\":\"\\ud800"))),
        ("half a surrogate as a name", Deed::answers(good.replacen('"', "\"\\udfff", 1))),
        ("a bare line end in text", Deed::answers(with_member(good, "\"a\nb\""))),
        ("a member twice", Deed::answers(format!("{{\"{first}\":null,{}", &good[1..]))),
        ("a hundred levels", Deed::answers(with_member(good, &nested(100)))),
        ("a hundred thousand levels", Deed::answers(with_member(good, &"[".repeat(100_000)))),
        ("a number that is none", Deed::answers(with_member(good, "NaN"))),
        ("more than the limit", Deed::answers(with_member(good, &format!("\"{}\"", "x".repeat(1 << 20))))),
        ("a bomb", Deed::answers_with("content-encoding: gzip\r\n", gzip(&vec![b' '; 8 << 20]))),
        ("half a zip", Deed::answers_with("content-encoding: gzip\r\n", &gzip(good.as_bytes())[..20])),
        ("a zip that is none", Deed::answers_with("content-encoding: gzip\r\n", good)),
        ("a zip in a zip", Deed::answers_with("content-encoding: gzip, gzip\r\n", gzip(&gzip(good.as_bytes())))),
        ("an unrequested content coding", Deed::answers_with("content-encoding: br\r\n", good)),
        (
            "chunks without an end",
            Deed::Floods(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
                [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat(),
            ),
        ),
    ]
}

/// Each of these can.
fn odd(good: &str) -> Vec<(&'static str, Deed)> {
    vec![
        ("white space round it", Deed::answers(format!(" \t\r\n{good}\n\n"))),
        ("unknown members", Deed::answers(with_member(good, "{\"a\":[1e400,-0.0,\"\\u0000\",null]}"))),
        ("twenty levels", Deed::answers(with_member(good, &nested(20)))),
        ("zipped", Deed::answers_with("content-encoding: gzip\r\n", gzip(good.as_bytes()))),
        ("names that are escaped", Deed::answers(good.replace("\"challenge\"", "\"chal\\u006cenge\""))),
    ]
}

#[tokio::test]
async fn invalid_upstream_content_is_upstream_failed() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Deed::says("")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "breaker_failures = 0")).await;
        for (case, deed) in broken(&options(dialect)) {
            rogue.does(deed);
            refuses(&gateway, dialect, &begin(dialect), "upstream_invalid", case).await;
        }
        rogue.does(Deed::answers(options(dialect)));
        serves(&gateway, dialect).await;
        assert_eq!(rogue.requests().len(), broken("{\"a\":1}").len() + 1, "nothing was sent twice");
    }
}

#[tokio::test]
async fn unusual_but_valid_json_is_accepted() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Deed::says("")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
        let cases = odd("{\"a\":1}").len();
        for index in 0..cases {
            let (case, deed) = odd(&options(dialect)).swap_remove(index);
            eprintln!("{}: {case}", dialect.id());
            rogue.does(deed);
            serves(&gateway, dialect).await;
        }
    }
}
