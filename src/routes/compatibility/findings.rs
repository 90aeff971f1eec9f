//! What a pair's operations mean for users: errors, warnings and notes.
//!
//! An error is an operation that the route must serve and cannot. A warning is what makes a user fail to sign in, to
//! register or to stay signed in, and data that the dialect's clients read and do not get. Everything else is a note,
//! also what the dialect itself cannot express where no other provider is involved. Equal findings of several operations
//! are one finding.

use std::collections::BTreeMap;

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::routes::compatibility::availability::{USER, is_token};
use crate::routes::compatibility::describe::{PairNames, quoted};
use crate::routes::compatibility::operation_support::{Obstacle, OperationSupport};
use crate::routes::compatibility::remedies::{Remedy, missing_response_member};

/// One finding about the operations of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The operations that it is about.
    pub operations: Vec<Operation>,
    /// The key below the route that it is about.
    pub key: &'static str,
    text: Text,
    label: &'static str,
    /// The remedy.
    pub remedy: String,
}

/// A sentence with a place for the operations.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Text {
    /// "`a` and `b` are not supported: ...".
    NotSupported(String),
    /// The sentence before and after the operations.
    Around(String, String),
}

impl Finding {
    /// The message.
    pub fn message(&self) -> String {
        let names = quoted(self.operations.iter().map(|operation| operation.name()), "and");
        match &self.text {
            Text::NotSupported(reason) => {
                let verb = if self.operations.len() == 1 { "is" } else { "are" };
                format!("{names} {verb} not supported: {reason}")
            }
            Text::Around(before, after) => format!("{before} {names}{after}"),
        }
    }

    /// The finding of a route; `backend` names the upstream where the route has several.
    pub(crate) fn diagnostic(&self, route: &str, backend: &str) -> Diagnostic {
        let message = format!("route `{route}`{backend}: {}", self.message());
        Diagnostic { severity: self.severity, ..Diagnostic::error(message) }.label(self.label).remedy(&*self.remedy)
    }
}

/// The findings of a backend. `required` are the operations that it must serve; a backend that does not
/// finish logins only begins them, for comparison, and nothing else of it matters.
///
/// If `claims_are_known` is false, the config of the users' tokens has errors, and a missing proof of the user follows from
/// them.
pub(crate) fn report_findings(
    pair: &PairNames<'_>,
    route: &str,
    required: &[Operation],
    support: &BTreeMap<Operation, OperationSupport>,
    claims_are_known: bool,
) -> Vec<Finding> {
    let mut report = Report { pair, route, findings: Vec::new() };
    for operation in required {
        match support.get(operation) {
            Some(one) => report.required(one, required, claims_are_known),
            None => report.not_in_dialect(*operation),
        }
    }
    let serves_logins = required.contains(&Operation::LoginFinish);
    for one in support.values().filter(|one| serves_logins || required.contains(&one.operation)) {
        match one.is_supported() {
            true => report.supported(one),
            false if required.contains(&one.operation) => {}
            false => report.not_supported(one, support),
        }
    }
    report.findings
}

struct Report<'r> {
    pair: &'r PairNames<'r>,
    route: &'r str,
    findings: Vec<Finding>,
}

impl Report<'_> {
    fn push(&mut self, severity: Severity, operation: Operation, text: Text, label: &'static str, remedy: String) {
        let finding = Finding { severity, operations: vec![operation], key: "upstream", text, label, remedy };
        let is_equal = |known: &&mut Finding| {
            (known.severity, &known.text, &known.remedy) == (severity, &finding.text, &finding.remedy)
        };
        match self.findings.iter_mut().find(is_equal) {
            Some(known) if known.operations.contains(&operation) => {}
            Some(known) => known.operations.push(operation),
            None => self.findings.push(finding),
        }
    }

    fn not_in_dialect(&mut self, operation: Operation) {
        self.findings.push(Finding {
            severity: Severity::Error,
            operations: vec![operation],
            key: "required_operations",
            text: Text::Around(format!("the dialect {} has no", self.pair.dialect.display_name), String::new()),
            label: "this list",
            remedy: "remove it from `required_operations`".to_owned(),
        });
    }

    /// An operation that must be supported: each obstacle is an error.
    fn required(&mut self, support: &OperationSupport, required: &[Operation], claims_are_known: bool) {
        // Why the other half of a ceremony is not supported is reported for that half.
        let follows = |obstacle: &Obstacle| match obstacle {
            Obstacle::NoSubject => !claims_are_known,
            Obstacle::HalfCeremony(other) => required.contains(other),
            _ => false,
        };
        for obstacle in support.obstacles.iter().filter(|obstacle| !follows(obstacle)) {
            let text = Text::NotSupported(obstacle.describe(self.pair, support.operation));
            let remedy = obstacle.remedy().advice(self.route);
            self.push(Severity::Error, support.operation, text, "cannot serve this route", remedy);
        }
    }

    /// Another operation that is not supported: one finding with every reason, also for the other half of the ceremony.
    fn not_supported(&mut self, support: &OperationSupport, all: &BTreeMap<Operation, OperationSupport>) {
        let operation = support.operation;
        if matches!(&support.obstacles[..], [Obstacle::HalfCeremony(other)] if all.contains_key(other)) {
            return;
        }
        let is_inherent = support.obstacles.iter().all(Obstacle::is_inherent_to_dialect);
        let severity = match is_inherent && !self.pair.is_another_provider() {
            true => Severity::Note,
            false => Severity::Warning,
        };
        let reasons: Vec<_> =
            support.obstacles.iter().map(|obstacle| obstacle.describe(self.pair, operation)).collect();
        let exclude = format!(
            "add it to `exclude_operations` in `[routes.{}]` to pass its requests through, or choose another upstream",
            self.route
        );
        let remedies: Vec<_> = support.obstacles.iter().map(Obstacle::remedy).collect();
        let remedy = match &remedies[..] {
            [remedy, rest @ ..] if *remedy != Remedy::None && rest.is_empty() => remedy.advice(self.route),
            _ => exclude,
        };
        let is_other_half = |one: &&OperationSupport| one.obstacles == [Obstacle::HalfCeremony(operation)];
        for operation in [operation].into_iter().chain(all.values().filter(is_other_half).map(|one| one.operation)) {
            let text = Text::NotSupported(reasons.join("; "));
            self.push(severity, operation, text, "not supported", remedy.clone());
        }
    }

    fn supported(&mut self, support: &OperationSupport) {
        let (operation, upstream, route) = (support.operation, self.pair.upstream().to_owned(), self.route.to_owned());
        for (direction, member) in &support.uncertain {
            let name = member.name();
            let (omits, table) = match direction {
                Direction::Request => ("the caller", "set"),
                Direction::Response => (&*upstream, "fill"),
            };
            let message = format!("{omits} may omit `{name}`, which is required in the {} of", direction.name());
            let refused = format!("a {} without it is refused", direction.name());
            let remedy = match member.kind().is_constant() {
                true => format!("{refused}; to prevent that, set it in `[routes.{route}.{table}]`"),
                false => refused,
            };
            let severity = match direction {
                Direction::Request if !self.pair.is_another_provider() => Severity::Note,
                Direction::Request | Direction::Response => Severity::Warning,
            };
            self.push(severity, operation, Text::Around(message, String::new()), "may fail", remedy);
        }
        if support.may_lack_subject {
            let message = format!("{upstream} may omit the user who signed in from the response of");
            let text = Text::Around(message, ", and nothing else proves who it is".to_owned());
            let remedy = Remedy::Relax("subject").advice(&route);
            self.push(Severity::Warning, operation, text, "may fail", remedy);
        }
        for member in &support.missing {
            let message =
                format!("{upstream} never returns `{}`, an optional member of the response of", member.name());
            let (severity, remedy) = match is_read_by_clients(*member) {
                true => (Severity::Warning, missing_response_member(*member).advice(&route)),
                false => (Severity::Note, String::new()),
            };
            self.push(severity, operation, Text::Around(message, String::new()), "not returned", remedy);
        }
        for loss in support.losses.iter().filter(|loss| loss.list.is_some() || !support.missing.contains(&loss.member))
        {
            let text = Text::Around(loss.what() + " in", format!(": {}", loss.reason));
            if loss.member == Member::AllowCredentials
                && self.pair.is_another_provider()
                && self.pair.discoverable.is_none()
            {
                let remedy = "set `discoverable` in the upstream's table: true if its passkeys can sign in without that \
                              list, false if they cannot";
                self.push(Severity::Warning, operation, text, "users may be unable to sign in", remedy.to_owned());
            } else {
                self.push(Severity::Note, operation, text, "lost", String::new());
            }
        }
    }
}

/// Whether clients are documented to read a member that their dialect does not require.
fn is_read_by_clients(member: Member) -> bool {
    is_token(member) || USER.contains(&member)
}
