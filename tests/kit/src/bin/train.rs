//! The load that records a profile for `dist/build`.
//!
//! It covers the usual load of a gateway: logins of every dialect before its own provider, before another one and before
//! the embedded relying party, refusals, and requests that pass through, at full speed and at 500 requests a second.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it stops at an unexpected result, and reports")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use kit::caller::Caller;
use kit::config::{CALLERS, EMBEDDED, bare_upstream, route, route_verified_by_upstream, upstream};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::Request;
use kit::passkey::{begin, finish};
use kit::provider::Provider;
use kit::rogue::Rogue;

/// How long each load runs at full speed, and at a fixed rate.
const LOAD_TIME: Duration = Duration::from_secs(8);
/// Connections at full speed.
const CONNECTIONS: usize = 16;
/// The time between two requests at the fixed rate.
const INTERVAL: Duration = Duration::from_millis(2);
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    providers().await;
    embedded().await;
}

/// Every dialect before its own provider, two translations, refusals and requests that pass through.
async fn providers() {
    let mut tables = String::new();
    let mut fakes = Vec::new();
    for provider in Provider::ALL {
        let name = provider.id();
        let same = Fake::start_knowing(provider, CALLERS).await;
        tables += &bare_upstream(name, provider, &same.base_url(), "");
        tables += &route_verified_by_upstream(name, provider, name, "hosts = [\"same.example\"]");
        let other = Fake::start(provider).await;
        tables += &upstream(&format!("our_{name}"), provider, &other.base_url(), "");
        fakes.extend([same, other]);
    }
    let translate = "hosts = [\"translate.example\"]\nrelax = [\"allow_credentials\", \"subject\"]";
    tables += &route("translate", Provider::Streambird, "our_auth0", translate);
    let rich = "hosts = [\"rich.example\"]\nrelax = [\"subject\"]\nset = { rp_id = \"localhost\", user.id = \"{user.email}\" }";
    tables += &route("rich", Provider::Quiva, "our_streambird", rich);
    let target = Rogue::sending(ANSWER).await;
    tables += &format!("[passthrough]\n\"old.example\" = \"{}\"\n", target.base_url());
    let gateway = Gateway::start(&tables).await;

    let to = |host: &str, request: Request| request.with_field("host", host);
    let mut requests = vec![
        to("translate.example", begin(Provider::Streambird)),
        to("rich.example", begin(Provider::Quiva)),
        to("old.example", Request::new("GET", "/files/a?b=c")),
        to("same.example", Request::new("GET", "/nothing")),
        to("translate.example", begin(Provider::Streambird).without_field("authorization")),
        to("rich.example", begin(Provider::Quiva).with_content("{")),
    ];
    requests.extend(Provider::ALL.map(|provider| to("same.example", documented(provider))));
    let caller = Caller::of(gateway.address);
    for (host, dialect) in [("translate.example", Provider::Streambird), ("rich.example", Provider::Quiva)] {
        let begun = dialect.begun(&caller.ask(&to(host, begin(dialect))).await);
        requests.push(to(host, finish(dialect, &begun)));
    }
    load(&caller, requests).await;
    logins(&caller).await;
}

/// The documented begin, with credentials that the provider itself issued.
fn documented(dialect: Provider) -> Request {
    Request::fixture(dialect, "login.begin").with_prefix(dialect.prefix())
}

/// Whole logins of every dialect before its own provider.
async fn logins(caller: &Caller) {
    let until = Instant::now() + LOAD_TIME;
    while Instant::now() < until {
        for dialect in Provider::ALL {
            let begun = caller.ask(&documented(dialect).with_field("host", "same.example")).await;
            let finish = finish(dialect, &dialect.begun(&begun)).with_field("host", "same.example");
            caller.ask(&finish).await;
        }
    }
}

/// The begin of every dialect at the embedded relying party, as the banner prints it, and documented requests.
async fn embedded() {
    let routes = Provider::ALL.map(|dialect| route_verified_by_upstream(dialect.id(), dialect, "own", ""));
    let gateway = Gateway::start(&(EMBEDDED.to_owned() + &routes.concat())).await;
    let mut requests: Vec<_> = gateway.banner.iter().filter_map(|line| printed(line)).collect();
    assert!(requests.len() >= Provider::ALL.len(), "{:?}", gateway.banner);
    for dialect in Provider::ALL {
        for operation in ["login.finish", "registration.begin", "registration.finish"] {
            requests.push(Request::fixture(dialect, operation).with_prefix(dialect.prefix()));
        }
    }
    load(&Caller::of(gateway.address), requests).await;
}

/// The request of a printed curl command.
fn printed(line: &str) -> Option<Request> {
    let words = line.strip_prefix("curl ")?.split(" -H ").collect::<Vec<_>>();
    let url = words[0].split(' ').find(|word| word.starts_with("http://"))?;
    let target = url.strip_prefix("http://")?.split_once('/')?.1;
    let mut request = Request::new("POST", &format!("/{target}"));
    for word in &words[1..] {
        let (field, content) = word.split_once(" -d ").unwrap_or((word, ""));
        let (name, value) = field.trim_matches('\'').split_once(": ")?;
        request = request.with_field(name, value);
        if !content.is_empty() {
            request = request.with_content(content.trim_matches('\''));
        }
    }
    Some(request)
}

/// Sends the requests in turn, at full speed and then at the fixed rate.
async fn load(caller: &Caller, requests: Vec<Request>) {
    let requests = Arc::new(requests);
    let until = Instant::now() + LOAD_TIME;
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|first| {
            let (caller, requests) = (caller.clone(), requests.clone());
            tokio::spawn(async move {
                for request in requests.iter().cycle().skip(first).take_while(|_| Instant::now() < until) {
                    caller.ask(request).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut ticks = tokio::time::interval(INTERVAL);
    let until = Instant::now() + LOAD_TIME;
    for request in requests.iter().cycle().take_while(|_| Instant::now() < until) {
        ticks.tick().await;
        caller.ask(request).await;
    }
    println!("{} kinds of requests sent", requests.len());
}
