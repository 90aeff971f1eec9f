//! Whether a pair's registrations make passkeys that sign in again.
//!
//! Where the upstream chooses the user handle and the dialect cannot tell it to the client, they do so only by a
//! bridge: it must learn the new passkey's id at the finish, and meet it again at a login.

use crate::canonical::member::Member;
use crate::canonical::operation::{Direction, Operation};
use crate::gateway::check::Pair;
use crate::gateway::side::Side;
use crate::gateway::source::{Source, carried};
use crate::template::hole::Need;

impl Pair<'_> {
    /// Whether passkeys made by this begin would be useless.
    pub(crate) fn loses_user_handle(
        &self,
        begin: Operation,
        answering: &[(Member, Need)],
        answered: &[(Member, Need)],
    ) -> bool {
        let finish = match begin {
            Operation::RegistrationBegin => Operation::RegistrationFinish,
            Operation::SignupBegin => Operation::SignupFinish,
            Operation::LoginBegin
            | Operation::LoginFinish
            | Operation::RegistrationFinish
            | Operation::SignupFinish
            | Operation::SessionRefresh
            | Operation::CredentialsList
            | Operation::CredentialsDelete => return false,
        };
        let has = |members: &[(Member, Need)], member| carried(members, member) != Source::None;
        let is_lost = has(answered, Member::UserHandle) && !has(answering, Member::UserHandle);
        is_lost && !(self.has_handles && self.meets_again(finish))
    }

    /// Whether the gateway reads a new passkey's id at the finish, and again at a login.
    fn meets_again(&self, finish: Operation) -> bool {
        let says = |operation, member| {
            let said = Side::Provider(self.dialect).carried(operation, Direction::Request, true);
            said.is_some_and(|said| carried(&said, member) == Source::Always)
        };
        says(finish, Member::CredentialId)
            && says(finish, Member::CredentialAttestationObject)
            && says(Operation::LoginFinish, Member::CredentialId)
    }
}
