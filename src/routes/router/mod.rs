//! Finds the route and the operation of a request by host, path and method.
//!
//! A path is looked up in a table of literal paths, and if it is not there, in a tree of segments. The cost of both is
//! independent of the number of routes. If several operations share a path, all of them are candidates, and the content
//! of the request decides.

mod candidate;
mod pattern_tree;

use std::collections::{BTreeSet, HashMap};

use smallvec::SmallVec;

use crate::provider::template::head::Path;
pub use crate::routes::router::candidate::Candidate;
use crate::routes::router::pattern_tree::PatternTree;

/// The routes of every host.
#[derive(Clone, Debug, Default)]
pub struct Router {
    hosts: HashMap<String, usize>,
    /// The paths of each host.
    of_host: Vec<Paths>,
    any_host: Paths,
    /// The hosts with a path of each shape, to find conflicts with a path of any host.
    by_shape: HashMap<PathShape, BTreeSet<usize>>,
}

#[derive(Clone, Debug, Default)]
struct Paths {
    literal: HashMap<String, Vec<Candidate>>,
    patterns: PatternTree,
}

/// The relation of two paths that match the same request.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum PathShape {
    /// The whole path, including the prefix.
    Literal(String),
    /// The prefix and the number of segments after it.
    Segments(String, usize),
}

/// Another route has the same method and path for the same host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other route, by its index in the plan.
    pub with: usize,
}

// ===== impl Router =====

impl Router {
    /// Adds an operation for the hosts of its route; an empty list is every host.
    ///
    /// # Errors
    /// If another route matches the same requests.
    pub fn add(&mut self, hosts: &[String], prefix: &str, path: &Path, candidate: &Candidate) -> Result<(), Conflict> {
        let conflict_in = |paths: &Paths| paths.conflict(prefix, path, candidate);
        let conflict = match hosts {
            [] => self.hosts_with_shape_of(prefix, path).map(|host| &self.of_host[host]).find_map(conflict_in),
            hosts => {
                let known = hosts.iter().filter_map(|host| self.hosts.get(host));
                known.map(|host| &self.of_host[*host]).find_map(conflict_in)
            }
        };
        if let Some(with) = conflict.or_else(|| conflict_in(&self.any_host)) {
            return Err(Conflict { with });
        }
        if hosts.is_empty() {
            self.any_host.add(prefix, path, candidate);
        }
        for host in hosts {
            let next = self.of_host.len();
            let host = *self.hosts.entry(host.clone()).or_insert(next);
            if host == next {
                self.of_host.push(Paths::default());
            }
            self.of_host[host].add(prefix, path, candidate);
            for shape in shapes(prefix, path) {
                self.by_shape.entry(shape).or_default().insert(host);
            }
        }
        Ok(())
    }

    /// The operations on a path; `host` without its port.
    pub fn find(&self, host: Option<&str>, path: &str) -> SmallVec<[&Candidate; 4]> {
        let of_host = host.and_then(|host| {
            if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return self.hosts.get(&host.to_ascii_lowercase());
            }
            self.hosts.get(host)
        });
        let mut found = SmallVec::new();
        for paths in of_host.map(|host| &self.of_host[*host]).into_iter().chain([&self.any_host]) {
            paths.find(path, &mut found);
        }
        found
    }

    /// The hosts with a path that may match the same requests as this one.
    fn hosts_with_shape_of(&self, prefix: &str, path: &Path) -> impl Iterator<Item = usize> {
        shapes(prefix, path).filter_map(|shape| self.by_shape.get(&shape)).flatten().copied()
    }
}

fn shapes(prefix: &str, path: &Path) -> impl Iterator<Item = PathShape> + use<> {
    let literal = path.literal().map(|literal| PathShape::Literal(format!("{prefix}{literal}")));
    literal.into_iter().chain([PathShape::Segments(prefix.to_owned(), path.segments.len())])
}

// ===== impl Paths =====

impl Paths {
    fn add(&mut self, prefix: &str, path: &Path, candidate: &Candidate) {
        let literal = path.literal();
        if let Some(literal) = literal {
            self.literal.entry(format!("{prefix}{literal}")).or_default().push(candidate.clone());
        }
        // Some clients do not encode what RFC 3986 requires to be encoded.
        if literal.is_none_or(|literal| literal.contains('%')) {
            self.patterns.add(prefix, path, candidate);
        }
    }

    fn find<'p>(&'p self, path: &str, found: &mut SmallVec<[&'p Candidate; 4]>) {
        match self.literal.get(path) {
            Some(candidates) => found.extend(candidates),
            None => self.patterns.find(path, found),
        }
    }

    fn conflict(&self, prefix: &str, path: &Path, candidate: &Candidate) -> Option<usize> {
        let is_other = |known: &Candidate| known.route != candidate.route && known.method == candidate.method;
        if let Some(known) = path.literal().and_then(|literal| self.literal.get(&format!("{prefix}{literal}"))) {
            return known.iter().find(|known| is_other(known)).map(|known| known.route);
        }
        self.patterns.first_overlap(prefix, path, is_other).map(|known| known.route)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use crate::model::operation::{Direction, Operation};
    use crate::provider::template::codec::Codec;
    use crate::provider::template::placeholder::Pattern;

    use super::*;

    fn path(text: &str) -> Path {
        let members = Operation::CredentialsDelete.members(Direction::Request);
        let segments =
            text[1..].split('/').map(|part| Pattern::parse(part, members, Codec::Base64Url).unwrap()).collect();
        Path::new(segments)
    }

    fn candidate(route: usize) -> Candidate {
        Candidate { route, operation: Operation::LoginBegin, method: Method::POST }
    }

    #[test]
    fn hosts_paths_and_parameters_are_found() {
        let mut router = Router::default();
        router.add(&["a.example".into()], "", &path("/x"), &candidate(0)).unwrap();
        router.add(&[], "/api", &path("/c/{credential.handle!}/delete"), &candidate(1)).unwrap();
        assert_eq!(router.find(Some("A.Example"), "/x").len(), 1);
        assert_eq!(router.find(Some("b.example"), "/x").len(), 0);
        assert_eq!(router.find(None, "/api/c/p%7C1/delete").len(), 1);
        assert_eq!(router.find(None, "/api/c/p/1/delete").len(), 0);
        assert_eq!(router.find(None, "/c/p/delete").len(), 0);
    }

    #[test]
    fn two_routes_for_one_request_are_a_conflict() {
        let mut router = Router::default();
        router.add(&["a.example".into()], "", &path("/x"), &candidate(0)).unwrap();
        assert_eq!(router.add(&[], "", &path("/x"), &candidate(1)), Err(Conflict { with: 0 }));
        assert_eq!(router.add(&["b.example".into()], "", &path("/x"), &candidate(1)), Ok(()));
        assert_eq!(router.add(&["a.example".into()], "/v2", &path("/x"), &candidate(2)), Ok(()));
    }

    #[test]
    fn a_literal_path_matches_in_any_encoding_and_a_prefix_only_as_written() {
        let mut router = Router::default();
        router.add(&[], "/%61pi", &path("/a|b"), &candidate(0)).unwrap();
        router.add(&["a.example".into()], "", &path("/c/{credential.handle!}"), &candidate(1)).unwrap();
        router.add(&[], "", &path("/c/{credential.handle!}/x"), &candidate(2)).unwrap();
        for (host, path, route) in [
            (None, "/%61pi/a%7Cb", Some(0)),
            (None, "/%61pi/a%7cb", Some(0)),
            (None, "/%61pi/%61|b", Some(0)),
            (None, "/api/a%7Cb", None),
            (None, "/%61pi/a%7Cb/", None),
            (None, "/%61pi/a%FF", None),
            (Some("a.example"), "/c/1", Some(1)),
            (Some("a.example"), "/c/", None),
            (Some("a.example"), "/c/1/x", Some(2)),
            (Some("b.example"), "/c/1", None),
            (None, "", None),
            (None, "*", None),
        ] {
            let found: Vec<_> = router.find(host, path).iter().map(|one| one.route).collect();
            assert_eq!(found, Vec::from_iter(route), "{host:?} {path}");
        }
    }

    #[test]
    fn parameters_with_different_text_around_them_still_conflict() {
        let mut router = Router::default();
        let add = |router: &mut Router, text: &str, route| router.add(&[], "", &path(text), &candidate(route));
        add(&mut router, "/c/p-{credential.handle!}", 0).unwrap();
        assert_eq!(add(&mut router, "/c/{credential.handle!}-q", 1), Err(Conflict { with: 0 }));
        assert_eq!(add(&mut router, "/c/{credential.handle!}/x", 1), Ok(()));
        assert_eq!(add(&mut router, "/c/y", 2), Err(Conflict { with: 0 }));
        assert_eq!(router.find(None, "/c/P-1").len(), 1);
        assert_eq!(router.find(None, "/c/1").len(), 0);
    }

    #[test]
    fn a_route_of_every_host_conflicts_with_routes_of_one_host() {
        let mut router = Router::default();
        for (route, host) in ["a.example", "b.example"].into_iter().enumerate() {
            let get = Candidate { method: [Method::GET, Method::POST][route].clone(), ..candidate(route) };
            router.add(&[host.into()], "/v1", &path("/c/{credential.handle!}"), &get).unwrap();
        }
        assert_eq!(router.add(&[], "/v1", &path("/c/d"), &candidate(2)), Err(Conflict { with: 1 }));
        assert_eq!(router.add(&[], "/v2", &path("/c/d"), &candidate(2)), Ok(()));
    }
}
