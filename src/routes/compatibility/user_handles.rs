//! Whether passkeys registered through a pair can sign in again.
//!
//! Where the upstream chooses the user handle and the dialect cannot carry it, the gateway must store user handles: it
//! reads the new passkey's id at the finish of the registration and again at each login.

use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::provider::template::placeholder::Need;
use crate::routes::compatibility::availability::{Availability, CEREMONIES, availability, has};
use crate::routes::compatibility::pair::Pair;

/// Whether passkeys created by this begin could never sign in.
pub(crate) fn loses_user_handle(
    pair: &Pair<'_>,
    begin: Operation,
    caller_response: &[(Member, Need)],
    upstream_response: &[(Member, Need)],
) -> bool {
    let ceremony = CEREMONIES.iter().find(|(known, _)| *known == begin && begin != Operation::LoginBegin);
    let Some((_, finish)) = ceremony else { return false };
    let is_lost = has(upstream_response, Member::UserHandle) && !has(caller_response, Member::UserHandle);
    is_lost && !(pair.has_handles && reads_passkey_ids(pair, *finish))
}

/// Whether the `exclude_credentials` that the gateway would add from its stored user handles has no place in the dialect.
pub(crate) fn loses_exclude_list(
    pair: &Pair<'_>,
    operation: Operation,
    caller_response: &[(Member, Need)],
    upstream_response: &[(Member, Need)],
) -> bool {
    let is_creation = matches!(operation, Operation::RegistrationBegin | Operation::SignupBegin);
    let has_list = |response| has(response, Member::ExcludeCredentials);
    pair.has_handles && is_creation && !has_list(caller_response) && !has_list(upstream_response)
}

/// Whether every finish of a registration and every login names the passkey.
fn reads_passkey_ids(pair: &Pair<'_>, finish: Operation) -> bool {
    let is_always_there =
        |operation, member| availability(&pair.caller_request(operation), member) == Availability::Always;
    is_always_there(finish, Member::CredentialId)
        && is_always_there(finish, Member::CredentialAttestationObject)
        && is_always_there(Operation::LoginFinish, Member::CredentialId)
}
