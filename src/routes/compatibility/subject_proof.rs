//! Whether a finished login proves that the user who finished it is the user who began it.

use crate::identity::names::Namespace;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::routes::assignment::Assignment;
use crate::routes::compatibility::availability::{Availability, USER, has, with_id_token};
use crate::routes::compatibility::pair::Pair;

impl Pair<'_> {
    /// How reliably a finished login proves the user who began it.
    ///
    /// It does where the begin names no user, where the upstream request names the user, or where the upstream's
    /// response names the user who signed in.
    pub(crate) fn subject_proof(&self) -> Availability {
        let begin = Operation::LoginBegin;
        let caller_request = self.caller_request(begin);
        let named: Vec<Member> = USER
            .into_iter()
            .filter(|member| {
                let is_claim = self.claims.contains(member) && self.caller_is_verified(begin);
                has(&caller_request, *member) || is_claim
            })
            .collect();
        let by_bearer = self.caller_is_verified(begin);
        if (named.is_empty() && !by_bearer) || (by_bearer && self.is_same_provider()) {
            return Availability::Always;
        }
        let upstream_request = self.upstream_message(begin, Direction::Request);
        let is_sent = USER.into_iter().any(|member| {
            has(&upstream_request, member) && self.request_source(begin, member, &caller_request) != Availability::Never
        });
        // A sign-in of a constant user proves nothing about the user named by the caller.
        if is_sent && !names_constant_user(self.set) {
            return Availability::Always;
        }
        let response = self.upstream_message(Operation::LoginFinish, Direction::Response);
        let in_response = |member| with_id_token(&response, member);
        let answered = match self.identity {
            None => named.into_iter().map(in_response).max(),
            Some(map) if self.map_query(map, begin, &caller_request) != Availability::Never => {
                let given = map.members(Namespace::Upstream);
                let known = USER.into_iter().filter(|member| given.contains(member) || map.allows_unknown_users());
                known.map(in_response).max()
            }
            Some(_) => None,
        };
        answered.unwrap_or(Availability::Never)
    }
}

/// Whether the config names one constant user to the upstream.
pub(crate) fn names_constant_user(set: &[Assignment]) -> bool {
    set.iter().any(|assignment| USER.contains(&assignment.member) && assignment.reference().is_none())
}
