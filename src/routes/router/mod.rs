//! Which operation of which route a request asks for: by host, path and method.
//!
//! One look-up in a table, and where that has no such path, one in a tree of segments: neither costs
//! more for more routes. A path that several operations share gives all of them, and the content
//! decides.

mod pattern_tree;

use std::collections::{BTreeSet, HashMap};

use http::Method;
use smallvec::SmallVec;

use crate::model::operation::Operation;
use crate::provider::template::head::Path;
use crate::routes::router::pattern_tree::PatternTree;

/// An operation a request may ask for.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The route, by its place in the plan.
    pub route: usize,
    /// The operation.
    pub operation: Operation,
    /// The method it is asked by.
    pub method: Method,
}

/// The routes of every host.
#[derive(Clone, Debug, Default)]
pub struct Router {
    hosts: HashMap<String, usize>,
    /// The paths of each host.
    of_host: Vec<Paths>,
    any: Paths,
    /// Which hosts have paths that one of any host can stand in the way of.
    shared: HashMap<Shared, BTreeSet<usize>>,
}

#[derive(Clone, Debug, Default)]
struct Paths {
    literal: HashMap<String, Vec<Candidate>>,
    holed: PatternTree,
}

/// What two paths have in common that may be in each other's way.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Shared {
    /// The whole path, prefix included.
    Literal(String),
    /// The prefix, and how many segments follow it.
    Form(String, usize),
}

/// Another route has the same method and path for the same host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other route, by its place in the plan.
    pub with: usize,
}

// ===== impl Router =====

impl Router {
    /// Adds an operation for the hosts of its route; none is any host.
    ///
    /// # Errors
    /// When another route answers the same requests.
    pub fn add(&mut self, hosts: &[String], prefix: &str, path: &Path, candidate: &Candidate) -> Result<(), Conflict> {
        let in_the_way = |paths: &Paths| paths.conflict(prefix, path, candidate);
        let conflict = match hosts {
            [] => self.hosts_sharing(prefix, path).map(|host| &self.of_host[host]).find_map(in_the_way),
            hosts => {
                let known = hosts.iter().filter_map(|host| self.hosts.get(host));
                known.map(|host| &self.of_host[*host]).find_map(in_the_way)
            }
        };
        if let Some(with) = conflict.or_else(|| in_the_way(&self.any)) {
            return Err(Conflict { with });
        }
        if hosts.is_empty() {
            self.any.add(prefix, path, candidate);
        }
        for host in hosts {
            let next = self.of_host.len();
            let host = *self.hosts.entry(host.clone()).or_insert(next);
            if host == next {
                self.of_host.push(Paths::default());
            }
            self.of_host[host].add(prefix, path, candidate);
            for shared in shared(prefix, path) {
                self.shared.entry(shared).or_default().insert(host);
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
        for paths in of_host.map(|host| &self.of_host[*host]).into_iter().chain([&self.any]) {
            paths.find(path, &mut found);
        }
        found
    }

    /// The hosts whose paths may answer what this one does: not all of them, of which there may be many.
    fn hosts_sharing(&self, prefix: &str, path: &Path) -> impl Iterator<Item = usize> {
        shared(prefix, path).filter_map(|shared| self.shared.get(&shared)).flatten().copied()
    }
}

fn shared(prefix: &str, path: &Path) -> impl Iterator<Item = Shared> + use<> {
    let literal = path.literal().map(|literal| Shared::Literal(format!("{prefix}{literal}")));
    literal.into_iter().chain([Shared::Form(prefix.to_owned(), path.segments.len())])
}

// ===== impl Paths =====

impl Paths {
    fn add(&mut self, prefix: &str, path: &Path, candidate: &Candidate) {
        let literal = path.literal();
        if let Some(literal) = literal {
            self.literal.entry(format!("{prefix}{literal}")).or_default().push(candidate.clone());
        }
        // Not every client encodes what RFC 3986 wants encoded.
        if literal.is_none_or(|literal| literal.contains('%')) {
            self.holed.add(prefix, path, candidate);
        }
    }

    fn find<'p>(&'p self, path: &str, found: &mut SmallVec<[&'p Candidate; 4]>) {
        match self.literal.get(path) {
            Some(candidates) => found.extend(candidates),
            None => self.holed.find(path, found),
        }
    }

    fn conflict(&self, prefix: &str, path: &Path, candidate: &Candidate) -> Option<usize> {
        let is_other = |known: &Candidate| known.route != candidate.route && known.method == candidate.method;
        if let Some(known) = path.literal().and_then(|literal| self.literal.get(&format!("{prefix}{literal}"))) {
            return known.iter().find(|known| is_other(known)).map(|known| known.route);
        }
        self.holed.first_like(prefix, path, is_other).map(|known| known.route)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::operation::Direction;
    use crate::provider::template::codec::Codec;
    use crate::provider::template::hole::Pattern;

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
    fn hosts_paths_and_holes_are_found() {
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
    fn a_literal_is_found_however_it_is_encoded_and_a_prefix_as_it_is_written() {
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
    fn what_has_text_around_its_hole_is_another_path_that_is_still_in_the_way() {
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
    fn a_route_of_any_host_meets_those_of_each() {
        let mut router = Router::default();
        for (route, host) in ["a.example", "b.example"].into_iter().enumerate() {
            let get = Candidate { method: [Method::GET, Method::POST][route].clone(), ..candidate(route) };
            router.add(&[host.into()], "/v1", &path("/c/{credential.handle!}"), &get).unwrap();
        }
        assert_eq!(router.add(&[], "/v1", &path("/c/d"), &candidate(2)), Err(Conflict { with: 1 }));
        assert_eq!(router.add(&[], "/v2", &path("/c/d"), &candidate(2)), Ok(()));
    }
}
