//! What of the check's findings is an error or a warning on a route, and what nothing uses.

use std::collections::BTreeMap;

use crate::base::diagnostic::Diagnostic;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::routes::assignment::Assignment;
use crate::routes::compatibility::{Obstacle, OperationSupport, Pair};
use crate::routes::provider_side::ProviderSide;

/// What of the check's findings is an error or a warning on this route, each with the key it is about.
///
/// Where the claims of the users' tokens are not known for a mistake, nothing can be said of whom they prove.
///
/// `way` is what to call it where the route has several upstreams.
pub(crate) fn judge(
    pair: &Pair<'_>,
    (route, way): (&str, &str),
    operations: &[Operation],
    carriages: &BTreeMap<Operation, OperationSupport>,
    claims_are_known: bool,
) -> Vec<(&'static str, Diagnostic)> {
    let mut found = Vec::new();
    for operation in operations {
        let Some(carriage) = carriages.get(operation) else {
            let message = format!("the dialect {} has no `{}`", pair.dialect.id, operation.name());
            let finding = Diagnostic::error(message).label("this list").remedy("take it out of `required_operations`");
            found.push(("required_operations", finding));
            continue;
        };
        let follows = |obstacle: &Obstacle| *obstacle == Obstacle::NoSubject && !claims_are_known;
        for obstacle in carriage.obstacles.iter().filter(|obstacle| !follows(obstacle)) {
            let what = obstacle.describe(pair, *operation);
            let message = format!("the route `{route}` cannot carry `{}`{way}: {what}", operation.name());
            let finding = Diagnostic::error(message).label("not possible like this");
            found.push(("upstream", finding.remedy(obstacle.remedy().advice(route))));
        }
    }
    let wanted = carriages.values().filter(|carriage| carriage.works() && operations.contains(&carriage.operation));
    for carriage in wanted {
        for (direction, member) in &carriage.uncertain {
            let (place, what) = (carriage.operation.name(), member.name());
            let message = format!(
                "on the route `{route}`{way}, `{what}` comes only sometimes, and the {} of `{place}` requires it",
                direction.name()
            );
            let remedy = match direction {
                _ if !member.kind().is_constant() => {
                    format!("a {} without it is refused", direction.name())
                }
                Direction::Request => {
                    format!("a request without it is refused; give it in `[routes.{route}.set]` to be sure")
                }
                Direction::Response => {
                    format!("an answer without it is refused; give it in `[routes.{route}.fill]` to be sure")
                }
            };
            found.push(("upstream", Diagnostic::warning(message).label("may fail").remedy(remedy)));
        }
    }
    found
}

/// Entries of the route's `set` and `fill` that no message of it can take.
pub(crate) fn unused(
    pair: &Pair<'_>,
    set: &[Assignment],
    carriages: &BTreeMap<Operation, OperationSupport>,
) -> Vec<(&'static str, Member)> {
    let takes = |side: ProviderSide<'_>, direction, member| {
        carriages.keys().any(|operation| {
            side.carried(*operation, direction, true)
                .is_some_and(|carried| carried.iter().any(|(known, _)| *known == member))
        })
    };
    let set = set
        .iter()
        .filter(|assignment| !takes(pair.upstream, Direction::Request, assignment.member))
        .map(|assignment| ("set", assignment.member));
    let fill = pair
        .fill
        .iter()
        .filter(|assignment| {
            let is_issued = pair.issues_tokens
                && matches!(assignment.member, Member::UserId | Member::UserEmail | Member::UserName);
            !is_issued && !takes(ProviderSide::Provider(pair.dialect), Direction::Response, assignment.member)
        })
        .map(|assignment| ("fill", assignment.member));
    set.chain(fill).collect()
}
