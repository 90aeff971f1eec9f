//! Which of the caller's secrets may be forwarded to an upstream.
//!
//! The provider of the dialect gets them unchanged, the embedded relying party gets those that it uses, and another
//! provider gets none.

use crate::caller_auth::Relation;
use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::relying_party::capability;

/// Whether a caller's value of a member may be forwarded.
pub(crate) fn may_forward(member: Member, operation: Operation, relation: Relation) -> bool {
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
    fn secrets_are_forwarded_only_to_their_issuer() {
        let refresh = |member, relation| may_forward(member, Operation::SessionRefresh, relation);
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
        assert!(!may_forward(Member::TokensSession, Operation::LoginFinish, Relation::AnotherProvider));
    }
}
