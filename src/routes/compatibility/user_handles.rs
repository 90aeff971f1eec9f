//! Whether a pair's registrations make passkeys that sign in again.
//!
//! Where the upstream chooses the user handle and the dialect cannot tell it to the client, they do so only by a
//! bridge: it must learn the new passkey's id at the finish, and meet it again at a login.

use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::template::hole::Need;
use crate::routes::compatibility::source::{Source, carried};
use crate::routes::compatibility::{Loss, OperationSupport, Pair};
use crate::routes::provider_side::ProviderSide;

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

    /// The list of passkeys that must not be made again is the bridge's to give, whether the upstream gives one or not.
    pub(crate) fn bridge_losses(
        &self,
        answering: &[(Member, Need)],
        answered: &[(Member, Need)],
        carriage: &mut OperationSupport,
    ) {
        let (operation, member) = (carriage.operation, Member::ExcludeCredentials);
        let makes_passkey = matches!(operation, Operation::RegistrationBegin | Operation::SignupBegin);
        let has = |members| carried(members, member) != Source::None;
        if self.has_handles && makes_passkey && !has(answering) && !has(answered) {
            let direction = Direction::Response;
            let reason = ProviderSide::Provider(self.dialect).omission(operation, direction, member);
            let reason = reason.unwrap_or("the dialect has no place for it").to_owned();
            carriage.losses.push(Loss { direction, list: None, member, reason });
        }
    }

    /// Whether the gateway reads a new passkey's id at the finish, and again at a login.
    fn meets_again(&self, finish: Operation) -> bool {
        let says = |operation, member| {
            let said = ProviderSide::Provider(self.dialect).carried(operation, Direction::Request, true);
            said.is_some_and(|said| carried(&said, member) == Source::Always)
        };
        says(finish, Member::CredentialId)
            && says(finish, Member::CredentialAttestationObject)
            && says(Operation::LoginFinish, Member::CredentialId)
    }
}
