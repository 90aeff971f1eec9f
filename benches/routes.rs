//! Finding the operation of a request among 1 to 10,000 routes.
//!
//! Routes differ by host, as tenants do, or by prefix on any host, or by prefix on one host. A path with
//! a placeholder is looked up after the literal paths. Building the router is measured separately.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group};
use http::Method;
use passbridge::model::operation::{Direction, Operation};
use passbridge::provider::template::codec::Codec;
use passbridge::provider::template::head::Path;
use passbridge::provider::template::placeholder::Pattern;
use passbridge::routes::router::{Candidate, Router};

criterion_group!(benches, look_up);

fn path(text: &str) -> Path {
    let members = Operation::CredentialsDelete.members(Direction::Request);
    let segments = text[1..].split('/').map(|part| Pattern::parse(part, members, Codec::Base64Url).unwrap());
    Path::new(segments.collect())
}

/// The difference between the routes.
#[derive(Clone, Copy)]
enum By {
    Host,
    Prefix,
    PrefixOfOneHost,
}

fn router(routes: usize, by: By) -> Router {
    let mut router = Router::default();
    let paths = ["/login/begin", "/login/finish", "/passkeys", "/passkeys/{credential.handle!}"].map(path);
    for route in 0..routes {
        let candidate = Candidate { route, operation: Operation::LoginBegin, method: Method::POST };
        let (hosts, prefix) = match by {
            By::Host => (vec![format!("tenant-{route}.example")], String::new()),
            By::Prefix => (Vec::new(), format!("/tenant-{route}")),
            By::PrefixOfOneHost => (vec!["api.example".to_owned()], format!("/tenant-{route}")),
        };
        for path in &paths {
            router.add(&hosts, &prefix, path, &candidate).unwrap();
        }
    }
    router
}

fn look_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("routes");
    for routes in [1, 100, 10_000] {
        let middle = routes / 2;
        for (name, by) in [("host", By::Host), ("prefix", By::Prefix), ("prefix of one host", By::PrefixOfOneHost)] {
            let router = router(routes, by);
            let (host, prefix) = match by {
                By::Host => (format!("tenant-{middle}.example"), String::new()),
                By::Prefix | By::PrefixOfOneHost => ("api.example".to_owned(), format!("/tenant-{middle}")),
            };
            for (case, path, found) in
                [("literal", "/login/begin", 1), ("holed", "/passkeys/abc", 1), ("none", "/passkeys/abc/x", 0)]
            {
                let path = format!("{prefix}{path}");
                assert_eq!(router.find(Some(&host), &path).len(), found);
                group.bench_with_input(
                    BenchmarkId::new(format!("by {name}/{case}"), routes),
                    &path,
                    |bencher, path| {
                        bencher.iter(|| black_box(router.find(Some(&host), path).len()));
                    },
                );
            }
        }
    }
    group.sample_size(10);
    for routes in [1, 100, 10_000] {
        group.bench_with_input(BenchmarkId::new("built, by prefix of one host", routes), &routes, |bencher, routes| {
            bencher.iter(|| black_box(router(*routes, By::PrefixOfOneHost)));
        });
    }
}
