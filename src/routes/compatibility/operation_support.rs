//! How one operation of a dialect is served by an upstream: what makes it impossible, what may be absent, what is lost.

use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::routes::compatibility::availability::Availability;

/// How one operation of a dialect is served by an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationSupport {
    /// The operation.
    pub operation: Operation,
    /// Why it is impossible; empty if it is supported.
    pub obstacles: Vec<Obstacle>,
    /// Required members that may be absent.
    pub uncertain: Vec<(Direction, Member)>,
    /// Members that one side sends and the other cannot receive.
    pub losses: Vec<Loss>,
    /// Optional members of the dialect's response that the upstream never gives.
    pub missing: Vec<Member>,
    /// Whether the upstream may omit the user who signed in, so that the sign-in is refused for lack of proof.
    pub may_lack_subject: bool,
}

/// Why an operation is impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The upstream has no such operation.
    NoOperation,
    /// A required member has no source.
    NoSource(Direction, Member),
    /// At least one of these members is required and none has a source.
    NoSourceAmong(&'static [Member]),
    /// The dialect requires a member in every element of a list, and the upstream does not give it.
    NoElementSource(Member, Member),
    /// The caller's tokens were issued by the dialect's provider and must not be sent to another.
    ForeignTokens,
    /// The upstream chooses the user handle, the dialect cannot carry it, and no stored user handles replace it.
    NoUserHandle,
    /// The dialect deletes one credential, and the upstream request cannot name it.
    NoCredential,
    /// The dialect cannot carry `allow_credentials`, and the upstream's credentials are not discoverable.
    NotDiscoverable,
    /// The config names one constant user to the upstream for every caller.
    OneUser,
    /// The operation is about the user's own passkeys, and the upstream request cannot name the user.
    NoOwner,
    /// Nothing proves that the user who finishes is the user who began.
    NoSubject,
    /// The identity map is queried by names that the dialect does not have.
    NotMapped,
    /// The identity map cannot have a new user.
    NewUser,
    /// The other operation of the ceremony is not supported.
    HalfCeremony(Operation),
}

/// A member that is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// In which message.
    pub direction: Direction,
    /// The list whose elements have the member, where it is a member of elements.
    pub list: Option<Member>,
    /// The member.
    pub member: Member,
    /// Why the receiver cannot take it.
    pub reason: String,
}

impl OperationSupport {
    pub(super) fn new(operation: Operation) -> Self {
        let (obstacles, uncertain, losses, missing) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { operation, obstacles, uncertain, losses, missing, may_lack_subject: false }
    }

    /// Whether the operation is supported.
    pub fn is_supported(&self) -> bool {
        self.obstacles.is_empty()
    }

    /// Notes that a required member has no source, or not always.
    pub(super) fn require(&mut self, direction: Direction, member: Member, source: Availability) {
        match source {
            Availability::Never => self.obstacles.push(Obstacle::NoSource(direction, member)),
            // Every provider's begin has a challenge, also where its documents call it optional.
            Availability::Sometimes if member == Member::Challenge => {}
            Availability::Sometimes => self.uncertain.push((direction, member)),
            Availability::Always => {}
        }
    }
}
