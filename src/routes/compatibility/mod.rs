//! Whether a dialect can be served by an upstream: for every message, where each member comes from,
//! what stands in the way, and what gets lost.
//!
//! Pure reckoning over templates and settings; the route's check, the coverage matrix and the
//! gateway itself all ask here, so that they cannot disagree.

pub(crate) mod identity_map;
pub mod remedies;
pub(crate) mod source;
pub(crate) mod user_handles;

use crate::caller_auth::Relation;
use crate::identity::map::Map;
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::value::Kind;
use crate::provider::descriptor::Provider;
use crate::provider::template::hole::Need;
use crate::routes::assignment::Assignment;
use crate::routes::compatibility::source::{Source, USER, carried};
use crate::routes::provider_side::ProviderSide;

/// A dialect before an upstream, with what the config says of the two.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'p> {
    /// The provider whose API the callers speak.
    pub dialect: &'p Provider,
    /// Who does the work.
    pub upstream: ProviderSide<'p>,
    /// What requests are given.
    pub set: &'p [Assignment],
    /// What responses are given where the upstream gave nothing.
    pub fill: &'p [Assignment],
    /// Required members that may be written empty.
    pub relax: &'p [Member],
    /// Whether it was accepted that nothing proves the user.
    pub relax_subject: bool,
    /// Whether it was accepted that every caller acts as one user of the upstream.
    pub relax_one_user: bool,
    /// The members that the end user's verified token gives.
    pub claims: &'p [Member],
    /// Whether the gateway's own issuer makes the tokens.
    pub issues_tokens: bool,
    /// Whether the upstream's credentials are discoverable, where that is known.
    pub discoverable: Option<bool>,
    /// What says who the caller's user is at the upstream.
    pub identity: Option<&'p Map>,
    /// Whether the users' tokens are the upstream's own, and name its users.
    pub vouched_upstream: bool,
    /// Whether the user handles of the upstream's passkeys are kept.
    pub has_handles: bool,
}

/// How one operation is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationSupport {
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
    /// The caller's tokens were made by the dialect's provider, and are a secret to any other.
    ForeignTokens,
    /// The upstream chooses the user handle, the dialect has no place for it, and no bridge makes up for that.
    NoUserHandle,
    /// The dialect deletes one credential, and the upstream cannot be told which.
    NoCredential,
    /// The list of allowed credentials gets lost, and without it the upstream's are not found.
    NotDiscoverable,
    /// The upstream is asked as one and the same user, whoever calls.
    OneUser,
    /// A user looks after their own passkeys, and the upstream is not told whose they must be.
    NoOwner,
    /// Nothing proves that the user who finishes is the one who began.
    NoSubject,
    /// The identity map asks for names that the dialect does not give.
    NotMapped,
    /// The identity map cannot know a user who is new.
    NewUser,
}

/// A member that gets lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// On which way.
    pub direction: Direction,
    /// Out of the elements of which list, where it is one of theirs.
    pub list: Option<Member>,
    /// Which member.
    pub member: Member,
    /// Why.
    pub reason: String,
}

impl Pair<'_> {
    /// Whether both sides are the same provider, so that handles and credentials may travel as they are.
    pub fn is_same_provider(&self) -> bool {
        self.relation() == Relation::SameProvider
    }

    /// How the upstream stands to the dialect.
    pub fn relation(&self) -> Relation {
        self.upstream.relation_to(self.dialect)
    }

    /// How every operation of the dialect is carried.
    pub fn carriages(&self) -> Vec<OperationSupport> {
        self.dialect.operations.keys().map(|operation| self.carriage(*operation)).collect()
    }

    /// How one operation of the dialect is carried.
    pub fn carriage(&self, operation: Operation) -> OperationSupport {
        let mut carriage =
            OperationSupport { operation, obstacles: Vec::new(), uncertain: Vec::new(), losses: Vec::new() };
        match (operation, self.relation()) {
            // Tokens are renewed by whoever made them.
            (Operation::SessionRefresh, _) if self.issues_tokens => {
                return Self { upstream: ProviderSide::Embedded, set: &[], issues_tokens: false, ..*self }
                    .carriage(operation);
            }
            (Operation::SessionRefresh, Relation::AnotherProvider) => {
                carriage.obstacles.push(Obstacle::ForeignTokens);
                return carriage;
            }
            _ => {}
        }
        let dialect = ProviderSide::Provider(self.dialect);
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
        let verified = self.caller_is_verified(operation)
            && (self.identity.is_none() || self.request_source(operation, Member::UserId, &asking) != Source::None);
        for members in self.upstream.any_of(operation, verified) {
            let has = |member| self.request_source(operation, member, &asking) != Source::None;
            if !members.iter().any(|member| has(*member)) {
                carriage.obstacles.push(Obstacle::NoSourceAmong(members));
            }
        }
        for (member, _) in answering.iter().filter(|(_, need)| *need == Need::Required) {
            let source = self.response_source(operation, *member, &asking, &answered);
            note(&mut carriage, Direction::Response, *member, source);
        }
        let issues = self.issues_tokens && matches!(operation, Operation::LoginFinish | Operation::SignupFinish);
        if issues && !answering.iter().any(|(member, _)| *member == Member::UserId) {
            let source = self.response_source(operation, Member::UserId, &asking, &answered);
            note(&mut carriage, Direction::Response, Member::UserId, source);
        }
        self.elements(operation, &answering, &answered, &mut carriage);
        if operation == Operation::LoginFinish && !self.relax_subject && !self.proves_subject() {
            carriage.obstacles.push(Obstacle::NoSubject);
        }
        self.mapping(&asking, &answering, &answered, &mut carriage);
        self.losses(&asking, &asked, Direction::Request, &mut carriage);
        self.losses(&answered, &answering, Direction::Response, &mut carriage);
        self.bridge_losses(&answering, &answered, &mut carriage);
        self.sense(&asking, &asked, &answering, &answered, &mut carriage);
        carriage
    }

    /// What would be carried, and make no sense.
    fn sense(
        &self,
        asking: &[(Member, Need)],
        asked: &[(Member, Need)],
        answering: &[(Member, Need)],
        answered: &[(Member, Need)],
        carriage: &mut OperationSupport,
    ) {
        let manages = matches!(
            carriage.operation,
            Operation::RegistrationBegin
                | Operation::RegistrationFinish
                | Operation::CredentialsList
                | Operation::CredentialsDelete
        );
        if manages && !self.relax_one_user && self.asks_as_one_user(asked) {
            carriage.obstacles.push(Obstacle::OneUser);
        }
        if manages && self.asks_for_nobody(carriage.operation, asked) {
            carriage.obstacles.push(Obstacle::NoOwner);
        }
        if self.loses_user_handle(carriage.operation, answering, answered) {
            carriage.obstacles.push(Obstacle::NoUserHandle);
        }
        let names = |members: &[(Member, Need)]| {
            [Member::CredentialId, Member::CredentialHandle].iter().any(|one| carried(members, *one) != Source::None)
        };
        if carriage.operation == Operation::CredentialsDelete && names(asking) && !names(asked) {
            carriage.obstacles.push(Obstacle::NoCredential);
        }
        let list_is_lost = carriage.losses.iter().any(|loss| loss.member == Member::AllowCredentials);
        if list_is_lost && self.discoverable == Some(false) {
            carriage.obstacles.push(Obstacle::NotDiscoverable);
        }
    }

    fn elements(
        &self,
        operation: Operation,
        answering: &[(Member, Need)],
        answered: &[(Member, Need)],
        carriage: &mut OperationSupport,
    ) {
        let lists = answering.iter().map(|(member, _)| *member).filter(|member| matches!(member.kind(), Kind::List(_)));
        for list in lists.filter(|list| carried(answered, *list) != Source::None) {
            let given = self.upstream.element(operation, list);
            for (member, need) in ProviderSide::Provider(self.dialect).element(operation, list) {
                let derived = member == Member::Handle && carried(&given, Member::Id) != Source::None;
                let known = carried(&given, member) != Source::None || member.meaning_when_absent().is_some();
                if need == Need::Required && !known && !derived {
                    carriage.obstacles.push(Obstacle::NoElementSource(list, member));
                }
            }
        }
    }

    fn losses(
        &self,
        said: &[(Member, Need)],
        heard: &[(Member, Need)],
        direction: Direction,
        carriage: &mut OperationSupport,
    ) {
        let dialect = ProviderSide::Provider(self.dialect);
        let (speaker, hearer) = match direction {
            Direction::Request => (dialect, self.upstream),
            Direction::Response => (self.upstream, dialect),
        };
        for (member, _) in said {
            let used = self.set.iter().any(|assignment| assignment.reference() == Some(*member));
            let ours = member.is_caller_credential()
                || matches!(
                    member,
                    Member::Session | Member::ClientUserAgent | Member::ClientAddress | Member::Challenge
                );
            if carried(heard, *member) != Source::None {
                self.element_losses(speaker, hearer, *member, direction, carriage);
            } else if !used && !ours {
                let reason = hearer.omission(carriage.operation, direction, *member);
                let reason = reason.unwrap_or("the relying party does not use it").to_owned();
                carriage.losses.push(Loss { direction, list: None, member: *member, reason });
            }
        }
    }

    /// What gets lost out of the elements of a list that travels.
    fn element_losses(
        &self,
        speaker: ProviderSide<'_>,
        hearer: ProviderSide<'_>,
        list: Member,
        direction: Direction,
        carriage: &mut OperationSupport,
    ) {
        if !matches!(list.kind(), Kind::List(_)) {
            return;
        }
        let heard = hearer.element(carriage.operation, list);
        for (member, _) in speaker.element(carriage.operation, list) {
            if carried(&heard, member) == Source::None {
                let reason = hearer.element_omission(carriage.operation, direction, list, member);
                let reason = reason.unwrap_or("the relying party does not use it").to_owned();
                carriage.losses.push(Loss { direction, list: Some(list), member, reason });
            }
        }
    }
}

fn note(carriage: &mut OperationSupport, direction: Direction, member: Member, source: Source) {
    match source {
        Source::None => carriage.obstacles.push(Obstacle::NoSource(direction, member)),
        // A begin without a challenge is no begin, whatever a provider's documents call optional.
        Source::Sometimes if member == Member::Challenge => {}
        Source::Sometimes => carriage.uncertain.push((direction, member)),
        Source::Always => {}
    }
}
