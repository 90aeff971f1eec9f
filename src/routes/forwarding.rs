//! Which of a caller's own secrets an upstream may be given.
//!
//! To the provider whose dialect is spoken they go as they came, to the embedded relying party as far
//! as it uses them, and to another provider not at all.

use crate::caller_auth::Relation;
use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::relying_party::capability;

/// Whether a caller's value of a member may be sent on.
pub(crate) fn may_travel(member: Member, operation: Operation, relation: Relation) -> bool {
    let is_secret = member.is_caller_credential() || member.is_sign_in_token();
    match relation {
        _ if !is_secret => true,
        Relation::SameProvider => true,
        Relation::Embedded => capability::takes(operation).contains(&member),
        Relation::AnotherProvider => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_credentials_go_to_whoever_made_them() {
        let refresh = |member, relation| may_travel(member, Operation::SessionRefresh, relation);
        for (member, embedded) in [
            (Member::TokensRefresh, true),
            (Member::ClientId, true),
            (Member::TokensAccess, false),
            (Member::ClientSecret, false),
            (Member::ClientKey, false),
            (Member::UserToken, false),
        ] {
            assert_eq!(refresh(member, Relation::Embedded), embedded, "{}", member.name());
            assert!(refresh(member, Relation::SameProvider), "{}", member.name());
            assert!(!refresh(member, Relation::AnotherProvider), "{}", member.name());
        }
        assert!(refresh(Member::Scope, Relation::AnotherProvider));
        assert!(!may_travel(Member::TokensSession, Operation::LoginFinish, Relation::AnotherProvider));
    }
}
