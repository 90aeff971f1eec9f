//! Whether a route can keep to itself who has an account, and how.
//!
//! What would tell it all the same is a warning with its reason; where there is nothing to hide, the setting
//! does nothing, and that is said too.

use crate::base::diagnostic::Diagnostic;
use crate::features::decoys::Decoys;
use crate::model::fault::Fault;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::descriptor::Provider;
use crate::provider::template::hole::Need;
use crate::provider::template::message::Caller;
use crate::routes::compatibility::source::{Source, USER, carried};
use crate::routes::compatibility::{OperationSupport, Pair};
use crate::routes::compile::input::CompileInput;
use crate::routes::provider_side::ProviderSide;
use crate::routes::route_settings::{Enumeration, RouteSettings};

const SETTING: &str = "enumeration";

/// What was found of a route that wants to be private.
#[derive(Default)]
pub(crate) struct Privacy {
    pub(crate) decoys: Option<Decoys>,
    /// Each with the key below the route that it is about.
    pub(crate) found: Vec<(&'static str, Diagnostic)>,
}

/// How a way keeps its users to itself.
pub(crate) fn privacy<'c>(
    ground: &CompileInput<'_>,
    settings: &RouteSettings,
    pair: &Pair<'_>,
    carriages: impl Iterator<Item = &'c OperationSupport> + Clone,
    route: &str,
) -> Privacy {
    let mut privacy = Privacy::default();
    if settings.enumeration == Enumeration::Documented {
        return privacy;
    }
    if let Some(reason) = nothing_to_hide(pair) {
        let message = format!("`{SETTING} = \"hidden\"` does nothing on the route `{route}`: {reason}");
        let finding = Diagnostic::warning(message).label("nothing to hide").remedy("leave it out");
        privacy.found.push((SETTING, finding));
        return privacy;
    }
    let Some(secret) = ground.hash_secret else {
        let message = format!("`{SETTING} = \"hidden\"` of the route `{route}` needs a hash key");
        let remedy = "write `hash_key = \"env:HASH_KEY\"` in `[gateway]`, the same on every replica";
        privacy.found.push((SETTING, Diagnostic::error(message).label("needs `gateway.hash_key`").remedy(remedy)));
        return privacy;
    };
    let answers = Answers::of(pair);
    let mut reasons = tells_all_the_same(pair, &answers, carriages, route);
    if settings
        .fallback
        .as_ref()
        .is_some_and(|fallback| fallback.on.iter().any(|fault| fault == Fault::UnknownUser.name()))
    {
        let reason = "a `fallback` on `unknown_user` asks on for those alone whom the first upstream does not know, which takes longer";
        reasons.push((reason.to_owned(), "move the users by `pinned`, `rules` or `split` instead".to_owned()));
    }
    for (reason, remedy) in reasons {
        let message = format!("the route `{route}` cannot keep to itself who has an account: {reason}");
        privacy.found.push((SETTING, Diagnostic::warning(message).label("private in part").remedy(remedy)));
    }
    let empty_is_nobody = answers.lists && (pair.discoverable == Some(false) || answers.is_list_required);
    privacy.decoys = Some(Decoys::new(secret, answers.lists, empty_is_nobody && is_http(pair), scope(pair)));
    privacy
}

/// What the two sides' answers to a begin have.
struct Answers {
    given: Vec<(Member, Need)>,
    told: Vec<(Member, Need)>,
    /// Whether the upstream lists credentials.
    lists: bool,
    /// Whether the caller is always told some.
    is_list_required: bool,
}

impl Answers {
    fn of(pair: &Pair<'_>) -> Self {
        let answers =
            |side: ProviderSide<'_>| side.carried(Operation::LoginBegin, Direction::Response, true).unwrap_or_default();
        let (given, told) = (answers(pair.upstream), answers(ProviderSide::Provider(pair.dialect)));
        let lists = carried(&given, Member::AllowCredentials) != Source::None;
        let is_required = carried(&told, Member::AllowCredentials) == Source::Always;
        let is_list_required = is_required && !pair.relax.contains(&Member::AllowCredentials);
        Self { given, told, lists, is_list_required }
    }

    /// Whether both have a member.
    fn passes(&self, member: Member) -> bool {
        carried(&self.given, member) != Source::None && carried(&self.told, member) != Source::None
    }
}

/// Why the answers of a route say nothing of its users anyway.
fn nothing_to_hide(pair: &Pair<'_>) -> Option<String> {
    let (begin, dialect, upstream) = (Operation::LoginBegin, &pair.dialect.id, pair.upstream.name());
    if pair.dialect_caller(begin) == Some(Caller::User) {
        return Some(format!("`login.begin` of {dialect} is asked by the user itself"));
    }
    let asking = ProviderSide::Provider(pair.dialect).carried(begin, Direction::Request, true).unwrap_or_default();
    if USER.into_iter().all(|member| carried(&asking, member) == Source::None) {
        return Some(format!("`login.begin` of {dialect} names no user"));
    }
    let asked = pair.upstream.carried(begin, Direction::Request, true).unwrap_or_default();
    let is_told =
        |member| carried(&asked, member) != Source::None && pair.request_source(begin, member, &asking) != Source::None;
    let is_told = USER.into_iter().any(is_told);
    (!is_told).then(|| format!("{upstream} is not told whom `login.begin` names, and answers all alike"))
}

/// What tells who is there whatever the begin answers, each with what can be done.
fn tells_all_the_same<'c>(
    pair: &Pair<'_>,
    answers: &Answers,
    carriages: impl Iterator<Item = &'c OperationSupport>,
    route: &str,
) -> Vec<(String, String)> {
    let mut reasons = Vec::new();
    let carries: Vec<_> = carriages.filter(|carriage| carriage.works()).map(|carriage| carriage.operation).collect();
    if carries.contains(&Operation::SignupBegin) {
        let reason = "`signup.begin` is answered `conflict` where the user is there".to_owned();
        reasons.push((
            reason,
            format!("leave it to somebody else: `exclude_operations = [\"signup.begin\", \"signup.finish\"]` in `[routes.{route}]`"),
        ));
    }
    let of_others = [Operation::RegistrationBegin, Operation::CredentialsList]
        .into_iter()
        .filter(|operation| carries.contains(operation) && pair.dialect_caller(*operation) != Some(Caller::User));
    for operation in of_others {
        let reason = format!("`{}` says `unknown_user`, and its callers name any user", operation.name());
        let remedy = format!(
            "leave it to somebody else: `exclude_operations = [\"{}\"]` in `[routes.{route}]`",
            operation.name()
        );
        reasons.push((reason, remedy));
    }
    let ProviderSide::Provider(upstream) = pair.upstream else { return reasons };
    if !says_unknown_user(upstream) {
        let reason = format!("nothing in the answers of {} says that a user is unknown", upstream.id);
        reasons.push((reason, "try it, and see what an unknown user is answered".to_owned()));
    }
    if answers.lists && !answers.is_list_required && pair.discoverable != Some(false) {
        let reason = format!("{} may answer an unknown user with an empty list, which goes on as it is", upstream.id);
        let remedy = "say `discoverable = false` of the upstream if nobody signs in there without a list";
        reasons.push((reason, remedy.to_owned()));
    }
    let is_filled = |member| pair.fill.iter().any(|assignment| assignment.member == member);
    let late: Vec<_> = [Member::Timeout, Member::RpId, Member::UserVerification]
        .into_iter()
        .filter(|member| answers.passes(*member) && !is_filled(*member))
        .map(|member| format!("`{}`", member.name()))
        .collect();
    if !late.is_empty() {
        let late = late.join(", ");
        let reason = format!(
            "until the first user of {} began after a start, unknown users are answered without {late}",
            upstream.id
        );
        reasons.push((reason, format!("give them in `[routes.{route}.fill]`, as {} answers them", upstream.id)));
    }
    let asking = ProviderSide::Provider(pair.dialect).carried(Operation::LoginBegin, Direction::Request, true);
    let names_id = asking.is_some_and(|asking| carried(&asking, Member::UserId) != Source::None);
    if answers.passes(Member::UserId) && !names_id && !is_filled(Member::UserId) {
        let reason = format!("the answer has the `user.id` of {}, which an unknown user has not", upstream.id);
        reasons.push((reason, format!("give it in `[routes.{route}.fill]`, such as `user.id = \"{{user.email}}\"`")));
    }
    reasons
}

fn says_unknown_user(provider: &Provider) -> bool {
    let is_for = |operations: &[Operation]| operations.is_empty() || operations.contains(&Operation::LoginBegin);
    provider.faults.0.iter().any(|row| row.faults.first() == Some(&Fault::UnknownUser) && is_for(&row.operations))
}

fn is_http(pair: &Pair<'_>) -> bool {
    matches!(pair.upstream, ProviderSide::Provider(_))
}

/// The members beside the user that the upstream hears of the caller's.
fn scope(pair: &Pair<'_>) -> Vec<Member> {
    let heard = pair.upstream.carried(Operation::LoginBegin, Direction::Request, true).unwrap_or_default();
    let hears = |member: &Member| {
        let is_set = pair.set.iter().any(|assignment| assignment.member == *member);
        let is_used = pair.set.iter().any(|assignment| {
            assignment.reference() == Some(*member) && carried(&heard, assignment.member) != Source::None
        });
        is_used || (!is_set && carried(&heard, *member) != Source::None)
    };
    [Member::Account, Member::Organization, Member::Connection].into_iter().filter(hears).collect()
}
