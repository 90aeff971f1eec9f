//! Whether a dialect can be served by an upstream: for every message, where each member comes from,
//! what stands in the way, and what gets lost.
//!
//! Pure reckoning over templates and settings; the route's check, the coverage matrix and the
//! gateway itself all ask here, so that they cannot disagree.

use crate::canonical::member::Member;
use crate::canonical::operation::{Direction, Operation};
use crate::canonical::value::Kind;
use crate::gateway::assign::Assignment;
use crate::gateway::side::Side;
use crate::provider::descriptor::Provider;
use crate::template::hole::Need;
use crate::template::message::Caller;

/// A dialect before an upstream, with what the config says of the two.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'p> {
    /// The provider whose API the callers speak.
    pub dialect: &'p Provider,
    /// Who does the work.
    pub upstream: Side<'p>,
    /// What requests are given.
    pub set: &'p [Assignment],
    /// What responses are given where the upstream gave nothing.
    pub fill: &'p [Assignment],
    /// Required members that may be written empty.
    pub relax: &'p [Member],
    /// Whether it was accepted that nothing proves the user.
    pub relax_subject: bool,
    /// The members that the end user's verified token gives.
    pub claims: &'p [Member],
    /// Whether the gateway's own issuer makes the tokens.
    pub issues_tokens: bool,
}

/// How one operation is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriage {
    /// Which operation.
    pub operation: Operation,
    /// What stands in the way; empty when it works.
    pub obstacles: Vec<Obstacle>,
    /// Members that are required and come only sometimes.
    pub uncertain: Vec<(Direction, Member)>,
    /// What one side says and the other cannot hear.
    pub losses: Vec<Loss>,
}

/// What stands in the way of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The upstream has no such operation.
    NoOperation,
    /// A required member has no source.
    NoSource(Direction, Member),
    /// None of these has a source, and one must.
    NoSourceAmong(&'static [Member]),
    /// Every element of a list must have a member that the upstream does not give.
    NoElementSource(Member, Member),
    /// Nothing proves that the user who finishes is the one who began.
    NoSubject,
}

/// A member that gets lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// On which way.
    pub direction: Direction,
    /// Which member.
    pub member: Member,
    /// Why.
    pub reason: String,
}

/// The members that name a user to an upstream.
const USER: [Member; 2] = [Member::UserId, Member::UserEmail];

/// How sure a source is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    None,
    Sometimes,
    Always,
}

impl Pair<'_> {
    /// Whether both sides are the same provider, so that handles and credentials may travel as they are.
    pub fn is_same_provider(&self) -> bool {
        self.upstream.provider().is_some_and(|provider| provider.id == self.dialect.id)
    }

    /// How every operation of the dialect is carried.
    pub fn carriages(&self) -> Vec<Carriage> {
        self.dialect.operations.keys().map(|operation| self.carriage(*operation)).collect()
    }

    /// How one operation of the dialect is carried.
    pub fn carriage(&self, operation: Operation) -> Carriage {
        let mut carriage = Carriage { operation, obstacles: Vec::new(), uncertain: Vec::new(), losses: Vec::new() };
        let dialect = Side::Provider(self.dialect);
        let asking = dialect.carried(operation, Direction::Request, false).unwrap_or_default();
        let answering = dialect.carried(operation, Direction::Response, false).unwrap_or_default();
        let named = self.caller_is_verified(operation)
            || USER.iter().any(|member| self.request_source(operation, *member, &asking) == Source::Always);
        let sides = [Direction::Request, Direction::Response]
            .map(|direction| self.upstream.carried(operation, direction, named));
        let [Some(asked), Some(answered)] = sides else {
            carriage.obstacles.push(Obstacle::NoOperation);
            return carriage;
        };

        for (member, _) in asked.iter().filter(|(_, need)| *need == Need::Required) {
            let source = self.request_source(operation, *member, &asking);
            note(&mut carriage, Direction::Request, *member, source);
        }
        for members in self.upstream.any_of(operation, self.caller_is_verified(operation)) {
            let has = |member| self.request_source(operation, member, &asking) != Source::None;
            if !members.iter().any(|member| has(*member)) {
                carriage.obstacles.push(Obstacle::NoSourceAmong(members));
            }
        }
        for (member, _) in answering.iter().filter(|(_, need)| *need == Need::Required) {
            let source = self.response_source(operation, *member, &asking, &answered);
            note(&mut carriage, Direction::Response, *member, source);
        }
        self.elements(operation, &answering, &answered, &mut carriage);
        if operation == Operation::LoginFinish && !self.relax_subject && !self.proves_subject() {
            carriage.obstacles.push(Obstacle::NoSubject);
        }
        self.losses(&asking, &asked, Direction::Request, &mut carriage);
        self.losses(&answered, &answering, Direction::Response, &mut carriage);
        carriage
    }

    fn request_source(&self, operation: Operation, member: Member, asking: &[(Member, Need)]) -> Source {
        let set = self.set.iter().find(|assignment| assignment.member == member);
        match set.map(Assignment::reference) {
            Some(None) => return Source::Always,
            Some(Some(of)) => return self.request_source(operation, of, asking).max(self.remembered(operation, of)),
            None => {}
        }
        if self.claims.contains(&member) && self.caller_is_verified(operation) {
            return Source::Always;
        }
        if member.is_caller_credential() && !self.is_same_provider() {
            return Source::None;
        }
        if matches!(member, Member::ClientUserAgent | Member::ClientAddress) || member.meaning_when_absent().is_some() {
            return Source::Always;
        }
        // The gateway reads the challenge out of the client data and keeps the session itself.
        if operation.is_finish() && matches!(member, Member::Session | Member::Challenge) {
            return Source::Always;
        }
        let convertible = match member {
            Member::CredentialId => carried(asking, Member::CredentialHandle),
            Member::CredentialHandle => carried(asking, Member::CredentialId),
            _ => Source::None,
        };
        carried(asking, member).max(convertible).max(self.remembered(operation, member))
    }

    /// What the begin of a ceremony left behind for its finish.
    fn remembered(&self, operation: Operation, member: Member) -> Source {
        let begin = match operation {
            Operation::LoginFinish => Operation::LoginBegin,
            Operation::RegistrationFinish => Operation::RegistrationBegin,
            Operation::SignupFinish => Operation::SignupBegin,
            _ => return Source::None,
        };
        if !matches!(
            member,
            Member::UserId | Member::UserEmail | Member::Account | Member::Organization | Member::Connection
        ) {
            return Source::None;
        }
        let asking = Side::Provider(self.dialect).carried(begin, Direction::Request, true).unwrap_or_default();
        self.request_source(begin, member, &asking)
    }

    fn response_source(
        &self,
        operation: Operation,
        member: Member,
        asking: &[(Member, Need)],
        answered: &[(Member, Need)],
    ) -> Source {
        let filled = self.fill.iter().any(|assignment| assignment.member == member);
        let relaxed = self.relax.contains(&member);
        let issued = self.issues_tokens && is_token(member);
        if filled || relaxed || issued || member.meaning_when_absent().is_some() {
            return Source::Always;
        }
        // Session handles are the gateway's own unless both sides are one provider.
        if matches!(member, Member::Session) && !self.is_same_provider() {
            return Source::Always;
        }
        let echoed = match member {
            Member::UserId | Member::UserEmail => {
                self.request_source(operation, member, asking).max(self.remembered(operation, member))
            }
            Member::CredentialId => carried(asking, Member::CredentialId),
            Member::CredentialHandle => {
                carried(asking, Member::CredentialId).max(carried(answered, Member::CredentialId))
            }
            Member::CredentialName => self.request_source(operation, member, asking),
            _ => Source::None,
        };
        carried(answered, member).max(echoed)
    }

    fn elements(
        &self,
        operation: Operation,
        answering: &[(Member, Need)],
        answered: &[(Member, Need)],
        carriage: &mut Carriage,
    ) {
        let lists = answering.iter().map(|(member, _)| *member).filter(|member| matches!(member.kind(), Kind::List(_)));
        for list in lists.filter(|list| carried(answered, *list) != Source::None) {
            let given = self.upstream.element(operation, list);
            for (member, need) in Side::Provider(self.dialect).element(operation, list) {
                let derived = member == Member::Handle && carried(&given, Member::Id) != Source::None;
                let known = carried(&given, member) != Source::None || member.meaning_when_absent().is_some();
                if need == Need::Required && !known && !derived {
                    carriage.obstacles.push(Obstacle::NoElementSource(list, member));
                }
            }
        }
    }

    /// Whether a finished login can be tied to the user it was begun for: nobody was named, or the
    /// upstream was told who, or it says who it was.
    fn proves_subject(&self) -> bool {
        let begin = Operation::LoginBegin;
        let asking = Side::Provider(self.dialect).carried(begin, Direction::Request, true).unwrap_or_default();
        let named: Vec<Member> = USER
            .into_iter()
            .filter(|member| {
                let claimed = self.claims.contains(member) && self.caller_is_verified(begin);
                carried(&asking, *member) != Source::None || claimed
            })
            .collect();
        let by_bearer = self.dialect_caller(begin) == Some(Caller::User);
        if named.is_empty() && !by_bearer {
            return true;
        }
        if by_bearer && self.is_same_provider() {
            return true;
        }
        let told = self.upstream.carried(begin, Direction::Request, true).unwrap_or_default();
        let is_told = USER.into_iter().any(|member| {
            carried(&told, member) != Source::None && self.request_source(begin, member, &asking) != Source::None
        });
        let answered = self.upstream.carried(Operation::LoginFinish, Direction::Response, true).unwrap_or_default();
        is_told || named.into_iter().any(|member| carried(&answered, member) != Source::None)
    }

    fn dialect_caller(&self, operation: Operation) -> Option<Caller> {
        Side::Provider(self.dialect).caller(operation)
    }

    fn caller_is_verified(&self, operation: Operation) -> bool {
        self.dialect_caller(operation) == Some(Caller::User)
    }

    fn losses(&self, said: &[(Member, Need)], heard: &[(Member, Need)], direction: Direction, carriage: &mut Carriage) {
        let hearer = match direction {
            Direction::Request => self.upstream,
            Direction::Response => Side::Provider(self.dialect),
        };
        for (member, _) in said {
            let used = self.set.iter().any(|assignment| assignment.reference() == Some(*member));
            let ours = member.is_caller_credential()
                || matches!(
                    member,
                    Member::Session | Member::ClientUserAgent | Member::ClientAddress | Member::Challenge
                );
            if carried(heard, *member) == Source::None && !used && !ours {
                let reason = hearer.omission(carriage.operation, direction, *member);
                let reason = reason.unwrap_or("the relying party does not use it").to_owned();
                carriage.losses.push(Loss { direction, member: *member, reason });
            }
        }
    }
}

fn note(carriage: &mut Carriage, direction: Direction, member: Member, source: Source) {
    match source {
        Source::None => carriage.obstacles.push(Obstacle::NoSource(direction, member)),
        Source::Sometimes => carriage.uncertain.push((direction, member)),
        Source::Always => {}
    }
}

fn carried(members: &[(Member, Need)], member: Member) -> Source {
    match members.iter().find(|(known, _)| *known == member) {
        Some((_, Need::Required)) => Source::Always,
        Some((_, Need::Optional | Need::Nullable | Need::Blank)) => Source::Sometimes,
        None => Source::None,
    }
}

/// Whether the gateway's own issuer can make it.
pub(crate) fn is_token(member: Member) -> bool {
    matches!(
        member,
        Member::TokensAccess
            | Member::TokensRefresh
            | Member::TokensId
            | Member::TokensSession
            | Member::TokensType
            | Member::TokensScope
            | Member::TokensExpiresIn
            | Member::TokensRefreshExpiresIn
    )
}
