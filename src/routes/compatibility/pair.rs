//! A dialect and an upstream: where each member of a request or response comes from, and how reliably.
//!
//! A request's members come from the config, the caller's verified token, the caller's own message, or the begin of the
//! ceremony. A response's members come from the upstream, the config, or the caller's request. Only an identity
//! map translates the caller's name of a user to the upstream's name and back.

use crate::caller_auth::Relation;
use crate::identity::map::Map;
use crate::identity::names::{Namespace, RequiredNames};
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::descriptor::Provider;
use crate::provider::template::message::Caller;
use crate::provider::template::placeholder::Need;
use crate::routes::assignment::Assignment;
use crate::routes::compatibility::availability::{Availability, USER, availability, begin_of, is_token, with_id_token};
use crate::routes::forwarding::may_forward;
use crate::routes::provider_side::ProviderSide;

/// A dialect and an upstream, with the settings that apply between them.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'p> {
    /// The provider whose API the callers use.
    pub dialect: &'p Provider,
    /// The upstream.
    pub upstream: ProviderSide<'p>,
    /// `set` of the upstream and the route.
    pub set: &'p [Assignment],
    /// `fill` of the route.
    pub fill: &'p [Assignment],
    /// Required members that may be written empty.
    pub relax: &'p [Member],
    /// `relax = ["subject"]`: a sign-in is accepted without proof of the user who began it.
    pub relax_subject: bool,
    /// `relax = ["one_user"]`: every caller may act as one user of the upstream.
    pub relax_one_user: bool,
    /// The members that the end user's verified token gives.
    pub claims: &'p [Member],
    /// Whether the gateway's own issuer makes the tokens.
    pub issues_tokens: bool,
    /// Whether the upstream's credentials are discoverable, where that is known.
    pub discoverable: Option<bool>,
    /// The identity map of the upstream.
    pub identity: Option<&'p Map>,
    /// Whether the upstream verifies the users' tokens, which then name its users.
    pub upstream_verifies_tokens: bool,
    /// Whether the user handles of the upstream's passkeys are stored.
    pub has_handles: bool,
}

impl Pair<'_> {
    /// Whether both sides are the same provider, so that session handles and credentials are forwarded unchanged.
    pub fn is_same_provider(&self) -> bool {
        self.relation() == Relation::SameProvider
    }

    /// The relation of the upstream to the dialect.
    pub fn relation(&self) -> Relation {
        self.upstream.relation_to(self.dialect)
    }

    /// The kind of caller of an operation of the dialect.
    pub(crate) fn dialect_caller(&self, operation: Operation) -> Option<Caller> {
        ProviderSide::Provider(self.dialect).caller(operation)
    }

    pub(crate) fn caller_is_verified(&self, operation: Operation) -> bool {
        self.dialect_caller(operation) == Some(Caller::User)
    }

    /// The members of the caller's request.
    pub(crate) fn caller_request(&self, operation: Operation) -> Vec<(Member, Need)> {
        ProviderSide::Provider(self.dialect).members_of(operation, Direction::Request, true).unwrap_or_default()
    }

    /// The members of an upstream message of a request that names the user.
    pub(crate) fn upstream_message(&self, operation: Operation, direction: Direction) -> Vec<(Member, Need)> {
        self.upstream.members_of(operation, direction, true).unwrap_or_default()
    }

    /// The availability of a member for the upstream request.
    pub(crate) fn request_source(
        &self,
        operation: Operation,
        member: Member,
        caller_request: &[(Member, Need)],
    ) -> Availability {
        let set = self.set.iter().find(|assignment| assignment.member == member);
        match (set.map(Assignment::reference), self.identity) {
            (Some(None), _) => Availability::Always,
            (Some(Some(of)), Some(_)) if USER.contains(&of) => self.caller_names(operation, of, caller_request),
            (Some(Some(of)), _) => self.caller_source(operation, of, caller_request),
            (None, Some(map)) if USER.contains(&member) => {
                self.mapped_to_upstream(map, operation, member, caller_request)
            }
            (None, _) => self.caller_source(operation, member, caller_request),
        }
    }

    /// The availability of the caller's own value of a member: a reference in `set` takes that, never another `set`.
    fn caller_source(&self, operation: Operation, member: Member, caller_request: &[(Member, Need)]) -> Availability {
        if self.claims.contains(&member) && self.caller_is_verified(operation) {
            return Availability::Always;
        }
        if !may_forward(member, operation, self.relation()) {
            return Availability::Never;
        }
        if matches!(member, Member::ClientUserAgent | Member::ClientAddress) || member.meaning_when_absent().is_some() {
            return Availability::Always;
        }
        // The gateway reads the challenge from the client data and stores the session itself.
        if operation.is_finish() && matches!(member, Member::Session | Member::Challenge) {
            return Availability::Always;
        }
        let derived = match member {
            Member::CredentialId => availability(caller_request, Member::CredentialHandle),
            _ => Availability::Never,
        };
        availability(caller_request, member).max(derived).max(self.begin_source(operation, member))
    }

    /// The availability of a member for a finish, from its stored begin.
    fn begin_source(&self, operation: Operation, member: Member) -> Availability {
        let is_stored = matches!(
            member,
            Member::UserId | Member::UserEmail | Member::Account | Member::Organization | Member::Connection
        );
        match begin_of(operation) {
            Some(begin) if is_stored => self.request_source(begin, member, &self.caller_request(begin)),
            Some(_) | None => Availability::Never,
        }
    }

    /// The availability of a member for the response to the caller.
    pub(crate) fn response_source(
        &self,
        operation: Operation,
        member: Member,
        caller_request: &[(Member, Need)],
        upstream_response: &[(Member, Need)],
    ) -> Availability {
        let without_fill = |member| self.response_without_fill(operation, member, caller_request, upstream_response);
        let fill = self.fill.iter().find(|assignment| assignment.member == member);
        match fill.map(Assignment::reference) {
            None => without_fill(member),
            Some(None) => Availability::Always,
            Some(Some(of)) if self.identity.is_some() && USER.contains(&of) => without_fill(of),
            Some(Some(of)) => self.request_source(operation, of, caller_request).max(without_fill(of)),
        }
    }

    fn response_without_fill(
        &self,
        operation: Operation,
        member: Member,
        caller_request: &[(Member, Need)],
        upstream_response: &[(Member, Need)],
    ) -> Availability {
        let is_relaxed = self.relax.contains(&member);
        let is_issued = self.issues_tokens && is_token(member);
        // Session handles are the gateway's own unless both sides are one provider.
        let is_own_session = member == Member::Session && !self.is_same_provider();
        if is_relaxed || is_issued || is_own_session || member.meaning_when_absent().is_some() {
            return Availability::Always;
        }
        if let Some(map) = self.identity
            && USER.contains(&member)
        {
            return self.mapped_to_caller(map, operation, member, caller_request, upstream_response);
        }
        let from_request = match member {
            Member::UserId | Member::UserEmail => {
                self.request_source(operation, member, caller_request).max(self.begin_source(operation, member))
            }
            Member::CredentialId => availability(caller_request, Member::CredentialId),
            Member::CredentialHandle => availability(caller_request, Member::CredentialId)
                .max(availability(upstream_response, Member::CredentialId)),
            Member::CredentialName => self.request_source(operation, member, caller_request),
            _ => Availability::Never,
        };
        from_request.max(with_id_token(upstream_response, member))
    }

    /// How reliably the caller names the user by this member, in this request or at the begin.
    pub(crate) fn caller_names(
        &self,
        operation: Operation,
        member: Member,
        caller_request: &[(Member, Need)],
    ) -> Availability {
        let is_claim =
            self.claims.contains(&member) && self.caller_is_verified(operation) && !self.upstream_verifies_tokens;
        let in_request = if is_claim { Availability::Always } else { availability(caller_request, member) };
        let at_begin = begin_of(operation)
            .map_or(Availability::Never, |begin| self.caller_names(begin, member, &self.caller_request(begin)));
        in_request.max(at_begin)
    }

    /// How reliably the map can be queried for the upstream's user.
    pub(crate) fn map_query(&self, map: &Map, operation: Operation, caller_request: &[(Member, Need)]) -> Availability {
        map.required_names(Namespace::Caller).map_or(Availability::Never, |query| {
            query_source(&query, |member| self.caller_names(operation, member, caller_request))
        })
    }

    /// The availability of the upstream's name of the user, through an identity map.
    fn mapped_to_upstream(
        &self,
        map: &Map,
        operation: Operation,
        member: Member,
        caller_request: &[(Member, Need)],
    ) -> Availability {
        // A token that the upstream verifies names the upstream's user.
        if self.upstream_verifies_tokens && self.claims.contains(&member) && self.caller_is_verified(operation) {
            return Availability::Always;
        }
        let mapped = match map.members(Namespace::Upstream).contains(&member) {
            true => self.map_query(map, operation, caller_request),
            false => Availability::Never,
        };
        match map.allows_unknown_users() {
            true => mapped.max(self.caller_names(operation, member, caller_request).min(Availability::Sometimes)),
            false => mapped,
        }
    }

    /// The availability of the caller's name of the user in a response, through an identity map.
    fn mapped_to_caller(
        &self,
        map: &Map,
        operation: Operation,
        member: Member,
        caller_request: &[(Member, Need)],
        upstream_response: &[(Member, Need)],
    ) -> Availability {
        let upstream_name = |member| {
            with_id_token(upstream_response, member).max(self.mapped_to_upstream(
                map,
                operation,
                member,
                caller_request,
            ))
        };
        let mapped = match map.required_names(Namespace::Upstream) {
            Some(query) if map.members(Namespace::Caller).contains(&member) => query_source(&query, upstream_name),
            Some(_) | None => Availability::Never,
        };
        let unmapped = match map.allows_unknown_users() {
            true => upstream_name(member).min(Availability::Sometimes),
            false => Availability::Never,
        };
        self.caller_names(operation, member, caller_request).max(mapped).max(unmapped)
    }
}

/// How reliably the members of a map's query are available.
fn query_source(query: &RequiredNames, source: impl Fn(Member) -> Availability) -> Availability {
    let sources = query.members().iter().map(|member| source(*member));
    let combined = match query {
        RequiredNames::AnyOf(_) => sources.max(),
        RequiredNames::AllOf(_) => sources.min(),
    };
    combined.unwrap_or(Availability::Never)
}
