//! `enumeration = "hidden"`: whether a route can hide which users exist.
//!
//! A response that reveals it nevertheless is a warning. The setting is a warning if no response reveals it anyway.

use crate::base::diagnostic::Diagnostic;
use crate::features::decoys::Decoys;
use crate::model::fault::Fault;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::descriptor::Provider;
use crate::provider::template::message::Caller;
use crate::provider::template::placeholder::Need;
use crate::routes::compatibility::availability::{Availability, USER, availability, has};
use crate::routes::compatibility::describe::quoted;
use crate::routes::compatibility::operation_support::OperationSupport;
use crate::routes::compatibility::pair::Pair;
use crate::routes::compile::input::CompileInput;
use crate::routes::provider_side::ProviderSide;
use crate::routes::route_settings::{Enumeration, RouteSettings};

const SETTING: &str = "enumeration";

/// How a backend hides which users exist.
#[derive(Default)]
pub(crate) struct HiddenUsers {
    pub(crate) decoys: Option<Decoys>,
    /// Findings, each with its key below the route.
    pub(crate) findings: Vec<(&'static str, Diagnostic)>,
}

/// Compiles the route's `enumeration` for a backend.
pub(crate) fn hidden_users<'c>(
    input: &CompileInput<'_>,
    settings: &RouteSettings,
    pair: &Pair<'_>,
    support: impl Iterator<Item = &'c OperationSupport>,
    route: &str,
) -> HiddenUsers {
    let mut hidden = HiddenUsers::default();
    if settings.enumeration == Enumeration::Documented {
        return hidden;
    }
    if let Some(reason) = reveals_nothing(pair) {
        let message = format!("route `{route}`: `{SETTING} = \"hidden\"` has no effect: {reason}");
        let finding = Diagnostic::warning(message).label("no effect").remedy("remove it");
        hidden.findings.push((SETTING, finding));
        return hidden;
    }
    let Some(secret) = input.hash_secret else {
        let message = format!("route `{route}`: `{SETTING} = \"hidden\"` needs a hash key");
        let remedy = "set `hash_key = \"env:HASH_KEY\"` in `[gateway]`, the same on every replica";
        hidden.findings.push((SETTING, Diagnostic::error(message).label("needs `gateway.hash_key`").remedy(remedy)));
        return hidden;
    };
    let begin = BeginResponses::of(pair);
    let mut leaks = leaks(pair, &begin, support, route);
    let is_unknown_user = |fault: &String| fault == Fault::UnknownUser.name();
    if settings.fallback.as_ref().is_some_and(|fallback| fallback.on.iter().any(is_unknown_user)) {
        let reason = "a `fallback` on `unknown_user` calls a second upstream only for users unknown to the first, which \
                      takes longer";
        leaks.push((reason.to_owned(), "select the upstream with `pinned`, `rules` or `split` instead".to_owned()));
    }
    for (reason, remedy) in leaks {
        let message = format!("route `{route}`: callers can still find out which users exist: {reason}");
        hidden.findings.push((SETTING, Diagnostic::warning(message).label("hidden only in part").remedy(remedy)));
    }
    let empty_list_is_unknown_user = matches!(pair.upstream, ProviderSide::Provider(_))
        && begin.has_list
        && (pair.discoverable == Some(false) || begin.requires_list);
    hidden.decoys = Some(Decoys::new(secret, begin.has_list, empty_list_is_unknown_user, context_members(pair)));
    hidden
}

/// The two sides' responses to `login.begin`.
struct BeginResponses {
    upstream: Vec<(Member, Need)>,
    caller: Vec<(Member, Need)>,
    /// Whether the upstream lists credentials.
    has_list: bool,
    /// Whether the caller's response always lists some.
    requires_list: bool,
}

impl BeginResponses {
    fn of(pair: &Pair<'_>) -> Self {
        let response = |side: ProviderSide<'_>| {
            side.members_of(Operation::LoginBegin, Direction::Response, true).unwrap_or_default()
        };
        let (upstream, caller) = (response(pair.upstream), response(ProviderSide::Provider(pair.dialect)));
        let list = Member::AllowCredentials;
        let requires_list = availability(&caller, list) == Availability::Always && !pair.relax.contains(&list);
        Self { has_list: has(&upstream, list), upstream, caller, requires_list }
    }

    /// Whether the upstream's value of a member reaches the caller.
    fn forwards(&self, member: Member) -> bool {
        has(&self.upstream, member) && has(&self.caller, member)
    }
}

/// Why the responses of a route reveal no users in the first place.
fn reveals_nothing(pair: &Pair<'_>) -> Option<String> {
    let (begin, dialect) = (Operation::LoginBegin, &pair.dialect.display_name);
    if pair.caller_is_verified(begin) {
        return Some(format!("`login.begin` of {dialect} is called with the user's own token"));
    }
    let caller_request = pair.caller_request(begin);
    if USER.into_iter().all(|member| !has(&caller_request, member)) {
        return Some(format!("`login.begin` requests of {dialect} do not name the user"));
    }
    let upstream_request = pair.upstream_message(begin, Direction::Request);
    let is_sent = |member| {
        has(&upstream_request, member) && pair.request_source(begin, member, &caller_request) != Availability::Never
    };
    let names_user = USER.into_iter().any(is_sent);
    (!names_user).then(|| format!("`login.begin` requests to {} do not name the user", pair.names().upstream()))
}

/// The responses that reveal which users exist, apart from those of `login.begin`, each with a remedy.
fn leaks<'c>(
    pair: &Pair<'_>,
    begin: &BeginResponses,
    support: impl Iterator<Item = &'c OperationSupport>,
    route: &str,
) -> Vec<(String, String)> {
    let mut leaks = Vec::new();
    let supported: Vec<_> = support.filter(|one| one.is_supported()).map(|one| one.operation).collect();
    let exclude = |operations: &str| format!("set `exclude_operations = [{operations}]` in `[routes.{route}]`");
    if supported.contains(&Operation::SignupBegin) {
        let reason = "`signup.begin` is answered with `conflict` for an existing user";
        leaks.push((reason.to_owned(), exclude("\"signup.begin\", \"signup.finish\"")));
    }
    for operation in [Operation::RegistrationBegin, Operation::CredentialsList] {
        if supported.contains(&operation) && pair.dialect_caller(operation) != Some(Caller::User) {
            let name = operation.name();
            let reason = format!("`{name}` returns `unknown_user` for an unknown user, and callers can name any user");
            leaks.push((reason, exclude(&format!("\"{name}\""))));
        }
    }
    let ProviderSide::Provider(upstream) = pair.upstream else { return leaks };
    let provider = &upstream.display_name;
    if !has_unknown_user_fault(upstream) {
        let reason = format!("{provider} has no documented response for an unknown user");
        leaks.push((reason, "find out how it answers for an unknown user".to_owned()));
    }
    if begin.has_list && !begin.requires_list && pair.discoverable != Some(false) {
        let reason = format!("{provider} may return an empty list for an unknown user, and the list is forwarded");
        let remedy =
            "set `discoverable = false` on the upstream if users cannot sign in there without a list of credentials";
        leaks.push((reason, remedy.to_owned()));
    }
    let is_filled = |member| pair.fill.iter().any(|assignment| assignment.member == member);
    let late: Vec<_> = [Member::Timeout, Member::RpId, Member::UserVerification]
        .into_iter()
        .filter(|member| begin.forwards(*member) && !is_filled(*member))
        .map(Member::name)
        .collect();
    if !late.is_empty() {
        let reason = format!(
            "after each start of the gateway, responses for unknown users lack {} until {provider} has responded for a known user",
            quoted(late, "and")
        );
        leaks.push((reason, format!("set them in `[routes.{route}.fill]` to the values that {provider} returns")));
    }
    let names_id = has(&pair.caller_request(Operation::LoginBegin), Member::UserId);
    if begin.forwards(Member::UserId) && !names_id && !is_filled(Member::UserId) {
        let reason = format!("the response has the `user.id` of {provider}, which does not exist for an unknown user");
        leaks.push((reason, format!("set it in `[routes.{route}.fill]`, such as `user.id = \"{{user.email}}\"`")));
    }
    leaks
}

fn has_unknown_user_fault(provider: &Provider) -> bool {
    let is_for = |operations: &[Operation]| operations.is_empty() || operations.contains(&Operation::LoginBegin);
    provider.faults.0.iter().any(|row| row.faults.first() == Some(&Fault::UnknownUser) && is_for(&row.operations))
}

/// The members of the caller's request, other than the user, on which the upstream's response depends.
fn context_members(pair: &Pair<'_>) -> Vec<Member> {
    let upstream_request = pair.upstream_message(Operation::LoginBegin, Direction::Request);
    let is_sent = |member: &Member| {
        let is_set = pair.set.iter().any(|assignment| assignment.member == *member);
        let is_referenced = pair
            .set
            .iter()
            .any(|assignment| assignment.reference() == Some(*member) && has(&upstream_request, assignment.member));
        is_referenced || (!is_set && has(&upstream_request, *member))
    };
    [Member::Account, Member::Organization, Member::Connection].into_iter().filter(is_sent).collect()
}
