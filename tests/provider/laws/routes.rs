//! The router finds and refuses the same routes as a linear search.

use std::collections::BTreeMap;

use http::Method;
use passbridge::model::operation::{Direction, Operation};
use passbridge::provider::template::codec::Codec;
use passbridge::provider::template::head::Path;
use passbridge::provider::template::placeholder::Pattern;
use passbridge::routes::router::{Candidate, Conflict, Router};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];
const PREFIXES: [&str; 5] = ["", "/a", "/a/b", "/%61", "/a|b"];
const SEGMENTS: [&str; 6] = ["a", "b", "a|b", "{credential.handle!}", "b-{credential.handle!}", "{user.id!}"];
const ASKED: [&str; 8] = ["a", "b", "a|b", "a%7Cb", "%61", "b-a", "", "%FF"];

/// An operation of a route.
#[derive(Clone, Debug)]
struct Answered {
    hosts: Vec<String>,
    prefix: &'static str,
    path: Path,
    candidate: Candidate,
}

/// The routes in order, searched linearly.
#[derive(Default)]
struct Search {
    hosts: BTreeMap<String, Vec<Answered>>,
    any: Vec<Answered>,
}

impl Search {
    fn add(&mut self, answered: &Answered) -> Result<(), Vec<Conflict>> {
        let of_hosts: Vec<&Vec<Answered>> = match answered.hosts.as_slice() {
            [] => self.hosts.values().collect(),
            hosts => hosts.iter().filter_map(|host| self.hosts.get(host)).collect(),
        };
        let found = of_hosts.into_iter().chain([&self.any]).filter_map(|known| conflict(known, answered));
        let found: Vec<_> = found.map(|with| Conflict { with }).collect();
        if !found.is_empty() {
            return Err(found);
        }
        match answered.hosts.as_slice() {
            [] => self.any.push(answered.clone()),
            hosts => hosts.iter().for_each(|host| {
                self.hosts.entry(host.clone()).or_default().push(answered.clone());
            }),
        }
        Ok(())
    }

    fn find(&self, host: &str, path: &str) -> Vec<usize> {
        let mut found = Vec::new();
        for known in self.hosts.get(host).into_iter().chain([&self.any]) {
            let literal: Vec<_> = known.iter().filter(|one| whole(one).as_deref() == Some(path)).collect();
            found.extend(match literal.is_empty() {
                true => known.iter().filter(|one| is_searched(one) && is_on(one, path)).collect(),
                false => literal,
            });
        }
        found.iter().map(|one| one.candidate.route).collect()
    }
}

/// The path with its prefix, if it has no placeholders.
fn whole(answered: &Answered) -> Option<String> {
    answered.path.literal().map(|literal| format!("{}{literal}", answered.prefix))
}

fn is_searched(answered: &Answered) -> bool {
    answered.path.literal().is_none_or(|literal| literal.contains('%'))
}

fn is_on(answered: &Answered, path: &str) -> bool {
    path.strip_prefix(answered.prefix).is_some_and(|rest| answered.path.matches(rest))
}

fn conflict(known: &[Answered], new: &Answered) -> Option<usize> {
    let is_other =
        |one: &&Answered| one.candidate.route != new.candidate.route && one.candidate.method == new.candidate.method;
    let same: Vec<_> = known.iter().filter(|one| whole(one).is_some() && whole(one) == whole(new)).collect();
    if !same.is_empty() {
        return same.into_iter().find(is_other).map(|one| one.candidate.route);
    }
    let is_like = |one: &&Answered| {
        let (mine, theirs) = (&one.path.segments, &new.path.segments);
        let mut pairs = mine.iter().zip(theirs);
        let agree = pairs.all(|(one, two)| one == two || one.placeholder().is_some() || two.placeholder().is_some());
        is_searched(one) && one.prefix == new.prefix && mine.len() == theirs.len() && agree
    };
    known.iter().filter(is_like).find(is_other).map(|one| one.candidate.route)
}

fn path(segments: &[&str]) -> Path {
    let members = Operation::CredentialsDelete.members(Direction::Request);
    let segments = segments.iter().map(|text| Pattern::parse(text, members, Codec::Base64Url).unwrap());
    Path::new(segments.collect())
}

fn answered() -> impl Strategy<Value = Answered> {
    let segments = prop::collection::vec(select(&SEGMENTS[..]), 1..4);
    let method = select(vec![Method::GET, Method::POST]);
    let hosts = subsequence(HOSTS.to_vec(), 0..=2);
    (hosts, select(&PREFIXES[..]), segments, 0..6_usize, method).prop_map(|(hosts, prefix, segments, route, method)| {
        let hosts = hosts.into_iter().map(str::to_owned).collect();
        let candidate = Candidate { route, operation: Operation::LoginBegin, method };
        Answered { hosts, prefix, path: path(&segments), candidate }
    })
}

fn asked() -> impl Strategy<Value = (&'static str, String)> {
    let rest = prop::collection::vec(select(&ASKED[..]), 1..4);
    (select(&HOSTS[..]), select(&PREFIXES[..]), rest)
        .prop_map(|(host, prefix, rest)| (host, format!("{prefix}/{}", rest.join("/"))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn router_agrees_with_linear_search(
        routes in prop::collection::vec(answered(), 1..24),
        asked in prop::collection::vec(asked(), 1..40),
    ) {
        let (mut router, mut search) = (Router::default(), Search::default());
        for one in &routes {
            let added = router.add(&one.hosts, one.prefix, &one.path, &one.candidate);
            match search.add(one) {
                Ok(()) => prop_assert_eq!(added, Ok(()), "{:?}", one),
                // Which of several hosts is reported is unspecified.
                Err(with) => prop_assert!(added.is_err_and(|one| with.contains(&one)), "{:?} {:?}", one, with),
            }
        }
        for (host, path) in &asked {
            let found: Vec<_> = router.find(Some(host), path).iter().map(|one| one.route).collect();
            prop_assert_eq!(found, search.find(host, path), "{} {}", host, path);
        }
    }
}
