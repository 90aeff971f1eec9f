//! Finding the operation of a request among 1 to 10,000 routes.
//!
//! Routes differ by host, as tenants do, or by prefix on any host. A path with a hole is looked for
//! after the literal ones.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group};
use http::Method;
use passbridge::canonical::operation::{Direction, Operation};
use passbridge::gateway::router::{Candidate, Router};
use passbridge::template::codec::Codec;
use passbridge::template::head::Path;
use passbridge::template::hole::Pattern;

criterion_group!(benches, look_up);

fn path(text: &str) -> Path {
    let members = Operation::CredentialsDelete.members(Direction::Request);
    let segments = text[1..].split('/').map(|part| Pattern::parse(part, members, Codec::Base64Url).unwrap());
    Path::new(segments.collect())
}

fn router(routes: usize, by_host: bool) -> Router {
    let mut router = Router::default();
    let paths = ["/login/begin", "/login/finish", "/passkeys", "/passkeys/{credential.handle!}"].map(path);
    for route in 0..routes {
        let candidate = Candidate { route, operation: Operation::LoginBegin, method: Method::POST };
        let (hosts, prefix) = match by_host {
            true => (vec![format!("tenant-{route}.example")], String::new()),
            false => (Vec::new(), format!("/tenant-{route}")),
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
        let (hosts, prefixes) = (router(routes, true), router(routes, false));
        let middle = routes / 2;
        let (host, prefix) = (format!("tenant-{middle}.example"), format!("/tenant-{middle}"));
        for (case, path, found) in [("literal", "/login/begin", 1), ("holed", "/passkeys/abc", 1), ("none", "/x", 0)] {
            assert_eq!(hosts.find(Some(&host), path).len(), found);
            group.bench_with_input(BenchmarkId::new(format!("by host/{case}"), routes), path, |bencher, path| {
                bencher.iter(|| black_box(hosts.find(Some(&host), path).len()));
            });
            let path = format!("{prefix}{path}");
            assert_eq!(prefixes.find(Some(&host), &path).len(), found);
            group.bench_with_input(BenchmarkId::new(format!("by prefix/{case}"), routes), &path, |bencher, path| {
                bencher.iter(|| black_box(prefixes.find(Some(&host), path).len()));
            });
        }
    }
}
