//! How an upstream serves each operation of a dialect.

use crate::caller_auth::Relation;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::value::ValueKind;
use crate::provider::template::message::Caller;
use crate::provider::template::placeholder::Need;
use crate::routes::assignment::Assignment;
use crate::routes::compatibility::availability::{Availability, CEREMONIES, USER, has};
use crate::routes::compatibility::operation_support::{Loss, Obstacle, OperationSupport};
use crate::routes::compatibility::pair::Pair;
use crate::routes::compatibility::user_handles::{loses_exclude_list, loses_user_handle};
use crate::routes::provider_side::ProviderSide;
use std::collections::BTreeMap;

/// The members of the four messages of an operation.
struct Messages {
    caller_request: Vec<(Member, Need)>,
    upstream_request: Vec<(Member, Need)>,
    upstream_response: Vec<(Member, Need)>,
    caller_response: Vec<(Member, Need)>,
}

impl Pair<'_> {
    /// How every operation of the dialect is served. A ceremony of which only one half is possible is not supported.
    pub fn support(&self) -> BTreeMap<Operation, OperationSupport> {
        let operations = self.dialect.operations.keys();
        let mut support: BTreeMap<_, _> =
            operations.map(|operation| (*operation, self.support_of(*operation))).collect();
        for (begin, finish) in CEREMONIES {
            let is_supported = |one| support.get(&one).is_some_and(OperationSupport::is_supported);
            let (half, other) = match (is_supported(begin), is_supported(finish)) {
                (true, false) => (begin, finish),
                (false, true) => (finish, begin),
                (true, true) | (false, false) => continue,
            };
            if let Some(half) = support.get_mut(&half) {
                half.obstacles.push(Obstacle::HalfCeremony(other));
            }
        }
        support
    }

    /// How one operation of the dialect is served, considered on its own.
    pub fn support_of(&self, operation: Operation) -> OperationSupport {
        let mut support = OperationSupport::new(operation);
        match (operation, self.relation()) {
            // Tokens are refreshed by their issuer.
            (Operation::SessionRefresh, _) if self.issues_tokens => {
                return Self { upstream: ProviderSide::Embedded, set: &[], issues_tokens: false, ..*self }
                    .support_of(operation);
            }
            (Operation::SessionRefresh, Relation::AnotherProvider) => {
                support.obstacles.push(Obstacle::ForeignTokens);
                return support;
            }
            _ => {}
        }
        let Some(messages) = self.messages(operation) else {
            support.obstacles.push(Obstacle::NoOperation);
            return support;
        };
        self.check_sources(&messages, &mut support);
        self.check_elements(&messages, &mut support);
        if operation == Operation::LoginFinish && !self.relax_subject {
            match self.subject_proof() {
                Availability::Never => support.obstacles.push(Obstacle::NoSubject),
                Availability::Sometimes => support.may_lack_subject = true,
                Availability::Always => {}
            }
        }
        self.check_identity_map(&messages, &mut support);
        self.find_losses(&messages.caller_request, &messages.upstream_request, Direction::Request, &mut support);
        self.find_losses(&messages.upstream_response, &messages.caller_response, Direction::Response, &mut support);
        if loses_exclude_list(self, operation, &messages.caller_response, &messages.upstream_response) {
            let (direction, member) = (Direction::Response, Member::ExcludeCredentials);
            let reason = ProviderSide::Provider(self.dialect).omission(operation, direction, member);
            let reason = reason.unwrap_or("the dialect cannot carry it").to_owned();
            support.losses.push(Loss { direction, list: None, member, reason });
        }
        self.check_effect(&messages, &mut support);
        support
    }

    /// The members of an operation's messages; `None` where the upstream has no such operation.
    fn messages(&self, operation: Operation) -> Option<Messages> {
        let dialect = ProviderSide::Provider(self.dialect);
        let caller_request = dialect.members_of(operation, Direction::Request, false).unwrap_or_default();
        let caller_response = dialect.members_of(operation, Direction::Response, false).unwrap_or_default();
        let is_named =
            |member: &Member| self.request_source(operation, *member, &caller_request) == Availability::Always;
        let names_user = self.caller_is_verified(operation) || USER.iter().any(is_named);
        let upstream_request = self.upstream.members_of(operation, Direction::Request, names_user)?;
        let upstream_response = self.upstream.members_of(operation, Direction::Response, names_user)?;
        Some(Messages { caller_request, upstream_request, upstream_response, caller_response })
    }

    /// Whether every required member has a source.
    fn check_sources(&self, messages: &Messages, support: &mut OperationSupport) {
        let Messages { caller_request, upstream_request, upstream_response, caller_response } = messages;
        let operation = support.operation;
        for (member, _) in upstream_request.iter().filter(|(_, need)| *need == Need::Required) {
            support.require(Direction::Request, *member, self.request_source(operation, *member, caller_request));
        }
        let verified = self.caller_is_verified(operation)
            && (self.identity.is_none()
                || self.request_source(operation, Member::UserId, caller_request) != Availability::Never);
        for members in self.upstream.any_of(operation, verified) {
            let has_source = |member| self.request_source(operation, member, caller_request) != Availability::Never;
            if !members.iter().any(|member| has_source(*member)) {
                support.obstacles.push(Obstacle::NoSourceAmong(members));
            }
        }
        for (member, need) in caller_response {
            let source = self.response_source(operation, *member, caller_request, upstream_response);
            match need {
                Need::Required => support.require(Direction::Response, *member, source),
                _ if source == Availability::Never => support.missing.push(*member),
                _ => {}
            }
        }
        let issues = self.issues_tokens && matches!(operation, Operation::LoginFinish | Operation::SignupFinish);
        if issues && !has(caller_response, Member::UserId) {
            let source = self.response_source(operation, Member::UserId, caller_request, upstream_response);
            support.require(Direction::Response, Member::UserId, source);
        }
    }

    /// Whether every required member of the elements of lists has a source.
    fn check_elements(&self, messages: &Messages, support: &mut OperationSupport) {
        let operation = support.operation;
        let lists = messages.caller_response.iter().map(|(member, _)| *member);
        for list in
            lists.filter(|list| matches!(list.kind(), ValueKind::List) && has(&messages.upstream_response, *list))
        {
            let given = self.upstream.element(operation, list);
            for (member, need) in ProviderSide::Provider(self.dialect).element(operation, list) {
                let derived = member == Member::Handle && has(&given, Member::Id);
                let known = has(&given, member) || member.meaning_when_absent().is_some();
                if need == Need::Required && !known && !derived {
                    support.obstacles.push(Obstacle::NoElementSource(list, member));
                }
            }
        }
    }

    /// Whether an identity map can map the users of an operation, and which of their names it does not give.
    fn check_identity_map(&self, messages: &Messages, support: &mut OperationSupport) {
        let Some(map) = self.identity else { return };
        let Messages { caller_request, upstream_response, caller_response, .. } = messages;
        let operation = support.operation;
        if matches!(operation, Operation::SignupBegin | Operation::SignupFinish) && !map.allows_unknown_users() {
            support.obstacles.push(Obstacle::NewUser);
            return;
        }
        let is_named = |member| self.caller_names(operation, member, caller_request) != Availability::Never;
        if USER.into_iter().any(is_named) && self.map_query(map, operation, caller_request) == Availability::Never {
            // These follow from the user that is not mapped.
            support.obstacles.retain(|obstacle| match obstacle {
                Obstacle::NoSource(_, member) => !USER.contains(member),
                obstacle => *obstacle != Obstacle::NoSubject,
            });
            support.obstacles.push(Obstacle::NotMapped);
        }
        for member in USER.into_iter().filter(|one| has(caller_response, *one) && has(upstream_response, *one)) {
            let source = self.response_source(operation, member, caller_request, upstream_response);
            if source == Availability::Never {
                let reason =
                    format!("the identity map `{}` does not give the caller's `{}`", map.name(), member.name());
                support.losses.push(Loss { direction: Direction::Response, list: None, member, reason });
            }
        }
    }

    /// The members of one side's message that the other side's message cannot carry.
    fn find_losses(
        &self,
        sent: &[(Member, Need)],
        received: &[(Member, Need)],
        direction: Direction,
        support: &mut OperationSupport,
    ) {
        let dialect = ProviderSide::Provider(self.dialect);
        let (sender, receiver) = match direction {
            Direction::Request => (dialect, self.upstream),
            Direction::Response => (self.upstream, dialect),
        };
        let operation = support.operation;
        let reason =
            |omission: Option<&str>| omission.unwrap_or("the embedded relying party does not use it").to_owned();
        for member in sent.iter().map(|(member, _)| *member) {
            let is_used = self.set.iter().any(|assignment| assignment.reference() == Some(member));
            let is_ours = member.is_caller_credential()
                || matches!(
                    member,
                    Member::Session | Member::ClientUserAgent | Member::ClientAddress | Member::Challenge
                );
            if !has(received, member) {
                if !is_used && !is_ours {
                    let reason = reason(receiver.omission(operation, direction, member));
                    support.losses.push(Loss { direction, list: None, member, reason });
                }
            } else if matches!(member.kind(), ValueKind::List) {
                let received = receiver.element(operation, member);
                let sent = sender.element(operation, member).into_iter().map(|(inner, _)| inner);
                support.losses.extend(sent.filter(|inner| !has(&received, *inner)).map(|inner| {
                    let reason = reason(receiver.element_omission(operation, direction, member, inner));
                    Loss { direction, list: Some(member), member: inner, reason }
                }));
            }
        }
    }

    /// Whether the operation, with every required member present, does what the caller requests.
    fn check_effect(&self, messages: &Messages, support: &mut OperationSupport) {
        let Messages { caller_request, upstream_request, upstream_response, caller_response } = messages;
        let operation = support.operation;
        let manages_own_passkeys = matches!(
            operation,
            Operation::RegistrationBegin
                | Operation::RegistrationFinish
                | Operation::CredentialsList
                | Operation::CredentialsDelete
        );
        if manages_own_passkeys && !self.relax_one_user && self.acts_as_one_user(upstream_request) {
            support.obstacles.push(Obstacle::OneUser);
        }
        if manages_own_passkeys && self.cannot_name_owner(operation, upstream_request) {
            support.obstacles.push(Obstacle::NoOwner);
        }
        if loses_user_handle(self, operation, caller_response, upstream_response) {
            support.obstacles.push(Obstacle::NoUserHandle);
        }
        let names_credential = |request| has(request, Member::CredentialId) || has(request, Member::CredentialHandle);
        let deletes = operation == Operation::CredentialsDelete;
        if deletes && names_credential(caller_request) && !names_credential(upstream_request) {
            support.obstacles.push(Obstacle::NoCredential);
        }
        let list_is_lost = support.losses.iter().any(|loss| loss.member == Member::AllowCredentials);
        if list_is_lost && self.discoverable == Some(false) {
            support.obstacles.push(Obstacle::NotDiscoverable);
        }
    }

    /// Whether the config names one constant user in every upstream request that needs a user.
    fn acts_as_one_user(&self, upstream_request: &[(Member, Need)]) -> bool {
        self.set.iter().any(|assignment| {
            let names_user = matches!(assignment.member, Member::UserId | Member::UserEmail | Member::UserToken);
            names_user && assignment.reference().is_none() && has(upstream_request, assignment.member)
        })
    }

    /// Whether the upstream request of a verified user is made with the gateway's credentials and cannot name the user.
    fn cannot_name_owner(&self, operation: Operation, upstream_request: &[(Member, Need)]) -> bool {
        let with_our_credentials = self.upstream.caller(operation).is_some_and(|caller| caller != Caller::User);
        self.caller_is_verified(operation)
            && with_our_credentials
            && !USER.into_iter().any(|member| has(upstream_request, member))
    }
}

/// Entries of the route's own `set` and of `fill` that no message of the supported operations can carry.
pub(crate) fn unused_assignments(
    pair: &Pair<'_>,
    own_set: &[Assignment],
    support: &BTreeMap<Operation, OperationSupport>,
) -> Vec<(&'static str, Member)> {
    let carries = |side: ProviderSide<'_>, direction, member| {
        support
            .keys()
            .any(|operation| side.members_of(*operation, direction, true).is_some_and(|members| has(&members, member)))
    };
    let is_unset = |assignment: &&Assignment| !carries(pair.upstream, Direction::Request, assignment.member);
    let is_unfilled = |assignment: &&Assignment| {
        let is_issued =
            pair.issues_tokens && matches!(assignment.member, Member::UserId | Member::UserEmail | Member::UserName);
        !is_issued && !carries(ProviderSide::Provider(pair.dialect), Direction::Response, assignment.member)
    };
    let set = own_set.iter().filter(is_unset).map(|assignment| ("set", assignment.member));
    set.chain(pair.fill.iter().filter(is_unfilled).map(|assignment| ("fill", assignment.member))).collect()
}
