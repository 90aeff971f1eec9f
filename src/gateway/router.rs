//! Which operation of which route a request asks for: by host, path and method.
//!
//! One look-up in a table, whatever the number of routes; paths with holes are tried after it. A
//! path that several operations share gives all of them, and the content decides.

use std::collections::HashMap;

use http::Method;

use crate::canonical::operation::Operation;
use crate::template::head::Path;

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
    hosts: HashMap<String, Paths>,
    any: Paths,
}

#[derive(Clone, Debug, Default)]
struct Paths {
    literal: HashMap<String, Vec<Candidate>>,
    /// Prefix, path with holes, candidate.
    holed: Vec<(String, Path, Candidate)>,
}

/// Another route has the same method and path for the same host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other route, by its place in the plan.
    pub with: usize,
}

impl Router {
    /// Adds an operation for the hosts of its route; none is any host.
    ///
    /// # Errors
    /// When another route answers the same requests.
    pub fn add(&mut self, hosts: &[String], prefix: &str, path: &Path, candidate: &Candidate) -> Result<(), Conflict> {
        let conflict = match hosts {
            [] => self.hosts.values().chain([&self.any]).find_map(|paths| paths.conflict(prefix, path, candidate)),
            hosts => hosts
                .iter()
                .filter_map(|host| self.hosts.get(host))
                .chain([&self.any])
                .find_map(|paths| paths.conflict(prefix, path, candidate)),
        };
        if let Some(with) = conflict {
            return Err(Conflict { with });
        }
        match hosts {
            [] => self.any.add(prefix, path, candidate),
            hosts => {
                for host in hosts {
                    self.hosts.entry(host.clone()).or_default().add(prefix, path, candidate);
                }
            }
        }
        Ok(())
    }

    /// The operations on a path; `host` without its port.
    pub fn find(&self, host: Option<&str>, path: &str) -> Vec<&Candidate> {
        let of_host = host.and_then(|host| {
            if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return self.hosts.get(&host.to_ascii_lowercase());
            }
            self.hosts.get(host)
        });
        let mut found = Vec::new();
        for paths in of_host.into_iter().chain([&self.any]) {
            paths.find(path, &mut found);
        }
        found
    }
}

impl Paths {
    fn add(&mut self, prefix: &str, path: &Path, candidate: &Candidate) {
        match path.literal() {
            Some(literal) => {
                self.literal.entry(format!("{prefix}{literal}")).or_default().push(candidate.clone());
                if literal.contains('%') {
                    // Not every client encodes what RFC 3986 wants encoded.
                    self.holed.push((prefix.to_owned(), path.clone(), candidate.clone()));
                }
            }
            None => self.holed.push((prefix.to_owned(), path.clone(), candidate.clone())),
        }
    }

    fn find<'p>(&'p self, path: &str, found: &mut Vec<&'p Candidate>) {
        if let Some(candidates) = self.literal.get(path) {
            found.extend(candidates);
            return;
        }
        found.extend(self.holed.iter().filter_map(|(prefix, template, candidate)| {
            path.strip_prefix(prefix.as_str()).filter(|rest| template.matches(rest)).map(|_| candidate)
        }));
    }

    fn conflict(&self, prefix: &str, path: &Path, candidate: &Candidate) -> Option<usize> {
        let other = |known: &Candidate| known.route != candidate.route && known.method == candidate.method;
        let literal = path.literal();
        if let Some(known) = literal.and_then(|literal| self.literal.get(&format!("{prefix}{literal}"))) {
            return known.iter().find(|known| other(known)).map(|known| known.route);
        }
        let same_form = |known_prefix: &String, known: &Path| {
            known_prefix == prefix
                && known.segments.len() == path.segments.len()
                && known
                    .segments
                    .iter()
                    .zip(&path.segments)
                    .all(|(one, two)| one == two || one.hole().is_some() || two.hole().is_some())
        };
        self.holed
            .iter()
            .filter(|(known_prefix, known_path, _)| same_form(known_prefix, known_path))
            .find(|(_, _, known)| other(known))
            .map(|(_, _, known)| known.route)
    }
}

#[cfg(test)]
mod tests {
    use crate::canonical::operation::Direction;
    use crate::template::codec::Codec;
    use crate::template::hole::Pattern;

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
}
