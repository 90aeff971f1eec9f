//! Upstreams whose HTTP is valid and whose content is not.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::anomalies::pairs::{options, refuses, serves, tables};
use kit::gateway::Gateway;
use kit::passkey::begin;
use kit::provider::Provider;
use kit::rogue::{Reaction, Rogue};

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

/// Invalid content.
fn broken(good: &str) -> Vec<(&'static str, Reaction)> {
    let bytes = |insert: &[u8]| [&good.as_bytes()[..2], insert, &good.as_bytes()[2..]].concat();
    let first = good.split('"').nth(1).unwrap();
    vec![
        ("nothing", Reaction::answers("")),
        ("a page", Reaction::answers_with("content-type: text/html\r\n", "<!doctype html><title>502</title>")),
        ("half", Reaction::answers(&good[..good.len() / 2])),
        ("twice", Reaction::answers(format!("{good}{good}"))),
        ("garbage after it", Reaction::answers(format!("{good} // ok"))),
        ("a NUL after it", Reaction::answers(format!("{good}\0"))),
        ("a byte order mark", Reaction::answers(format!("\u{feff}{good}"))),
        ("a list of it", Reaction::answers(format!("[{good}]"))),
        ("text of it", Reaction::answers(serde_json::to_string(good).unwrap())),
        ("a byte that is not UTF-8", Reaction::answers(bytes(b"\xff"))),
        ("an overlong form", Reaction::answers(bytes(b"\xc0\xaf"))),
        ("half a surrogate", Reaction::answers(good.replace("\"rpId\":\"", "\"rpId\":\"\\ud800"))),
        ("half a surrogate as a name", Reaction::answers(good.replacen('"', "\"\\udfff", 1))),
        ("a bare line end in text", Reaction::answers(with_member(good, "\"a\nb\""))),
        ("a member twice", Reaction::answers(format!("{{\"{first}\":null,{}", &good[1..]))),
        ("a hundred levels", Reaction::answers(with_member(good, &nested(100)))),
        ("a hundred thousand levels", Reaction::answers(with_member(good, &"[".repeat(100_000)))),
        ("an invalid number", Reaction::answers(with_member(good, "NaN"))),
        ("more than the limit", Reaction::answers(with_member(good, &format!("\"{}\"", "x".repeat(1 << 20))))),
        ("a bomb", Reaction::answers_with("content-encoding: gzip\r\n", gzip(&vec![b' '; 8 << 20]))),
        ("half of a gzip stream", Reaction::answers_with("content-encoding: gzip\r\n", &gzip(good.as_bytes())[..20])),
        ("gzip coding without gzip data", Reaction::answers_with("content-encoding: gzip\r\n", good)),
        ("gzip in gzip", Reaction::answers_with("content-encoding: gzip, gzip\r\n", gzip(&gzip(good.as_bytes())))),
        ("an unrequested content coding", Reaction::answers_with("content-encoding: br\r\n", good)),
        (
            "chunks without an end",
            Reaction::Floods(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
                [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat(),
            ),
        ),
    ]
}

/// Unusual but valid content.
fn odd(good: &str) -> Vec<(&'static str, Reaction)> {
    vec![
        ("white space around it", Reaction::answers(format!(" \t\r\n{good}\n\n"))),
        ("unknown members", Reaction::answers(with_member(good, "{\"a\":[1e400,-0.0,\"\\u0000\",null]}"))),
        ("twenty levels", Reaction::answers(with_member(good, &nested(20)))),
        ("gzip", Reaction::answers_with("content-encoding: gzip\r\n", gzip(good.as_bytes()))),
        ("names that are escaped", Reaction::answers(good.replace("\"challenge\"", "\"chal\\u006cenge\""))),
    ]
}

#[tokio::test]
async fn invalid_upstream_content_is_upstream_failed() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::sends("")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "breaker_failures = 0")).await;
        for (case, reaction) in broken(&options(dialect)) {
            rogue.does(reaction);
            refuses(&gateway, dialect, &begin(dialect), "upstream_invalid", case).await;
        }
        rogue.does(Reaction::answers(options(dialect)));
        serves(&gateway, dialect).await;
        assert_eq!(rogue.requests().len(), broken("{\"a\":1}").len() + 1, "nothing was sent twice");
    }
}

#[tokio::test]
async fn unusual_but_valid_json_is_accepted() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::sends("")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
        let cases = odd("{\"a\":1}").len();
        for index in 0..cases {
            let (case, reaction) = odd(&options(dialect)).swap_remove(index);
            eprintln!("{}: {case}", dialect.id());
            rogue.does(reaction);
            serves(&gateway, dialect).await;
        }
    }
}
