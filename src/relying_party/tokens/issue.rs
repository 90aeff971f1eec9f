//! Issues the tokens of a sign-in.
//!
//! They are signed before the transaction that stores them, so that signing holds no lock, and returned only after it
//! commits. The compact serialization (RFC 7515 section 3.1) is written here because the JWT library would parse the
//! key for every signature.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::Connection;
use serde::Serialize;

use crate::model::assertion::SignIn;
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::directory::user::User;
use crate::relying_party::random;
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::claims::{ACCESS_TYPE, AccessClaims, Audience, Header, ID_TYPE, IdClaims};
use crate::relying_party::tokens::grant::Grant;
use crate::relying_party::tokens::keys::{KeyRing, SigningKey};
use crate::relying_party::tokens::opaque::{OpaqueToken, OpaqueTokenKind};
use crate::storage::error::StoreError;

/// The tokens of one sign-in. Not `Debug`: they are secrets.
pub(crate) struct Issued {
    access: String,
    id: Option<String>,
    refresh: OpaqueToken,
    session: Option<OpaqueToken>,
    scope: Option<String>,
    expires_in: i64,
    refresh_expires_in: i64,
}

/// The user and the sign-in to issue tokens for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IssueContext<'a> {
    pub(crate) user: &'a User,
    pub(crate) authentication: &'a Authentication,
    /// The sign-in's grant, or less.
    pub(crate) grant: &'a Grant,
    pub(crate) now: i64,
}

impl Issued {
    /// The tokens of a new sign-in, with a session token if requested.
    pub(crate) fn at_sign_in(
        issue: IssueContext<'_>,
        config: &RelyingPartyConfig,
        ring: &KeyRing,
    ) -> Result<Self, StoreError> {
        let IssueContext { user, authentication, .. } = issue;
        let session = |end| OpaqueToken::new(OpaqueTokenKind::Session, authentication, &user.id, end);
        let session = authentication.ends_at.map(session).transpose()?;
        Ok(Self { session, ..Self::at_refresh(issue, config, ring)? })
    }

    /// The tokens of a refresh.
    pub(crate) fn at_refresh(
        issue: IssueContext<'_>,
        config: &RelyingPartyConfig,
        ring: &KeyRing,
    ) -> Result<Self, StoreError> {
        let IssueContext { user, authentication, grant, now } = issue;
        let refresh_expiry = authentication.expiry(now, config.refresh_lifetime);
        Ok(Self {
            access: access_token(issue, config, ring.active())?,
            id: id_token(issue, config, ring.active())?,
            refresh: OpaqueToken::new(OpaqueTokenKind::Refresh, authentication, &user.id, refresh_expiry)?,
            session: None,
            scope: grant.scope.clone(),
            expires_in: authentication.expiry(now, config.access_lifetime) - now,
            refresh_expires_in: refresh_expiry - now,
        })
    }

    /// Stores the opaque tokens; part of the caller's transaction.
    pub(crate) fn store(&self, connection: &Connection, now: i64) -> Result<(), StoreError> {
        [Some(&self.refresh), self.session.as_ref()]
            .into_iter()
            .flatten()
            .try_for_each(|token| token.store(connection, now))
    }

    /// The response with the tokens.
    pub(crate) fn into_sign_in(self, user: User, credential: Option<String>) -> SignIn<'static> {
        let name = user.name.clone().unwrap_or_else(|| user.account_name().to_owned());
        SignIn {
            user_id: Some(user.id.into()),
            user_email: user.email.map(Cow::Owned),
            user_name: Some(name.into()),
            user_created_at: Some(user.created_at),
            user_passkey_enabled: Some(true),
            user_totp_enabled: Some(false),
            credential_handle: credential.map(Cow::Owned),
            tokens_access: Some(self.access.into()),
            tokens_refresh: Some(self.refresh.token.into()),
            tokens_id: self.id.map(Cow::Owned),
            tokens_session: self.session.map(|session| session.token.into()),
            tokens_session_details: None,
            tokens_type: Some("Bearer".into()),
            tokens_scope: self.scope.map(Cow::Owned),
            tokens_expires_in: Some(self.expires_in),
            tokens_refresh_expires_in: Some(self.refresh_expires_in),
        }
    }
}

/// An access token for the relying party's own audience and the granted one.
pub(crate) fn access_token(
    issue: IssueContext<'_>,
    config: &RelyingPartyConfig,
    key: &SigningKey,
) -> Result<String, StoreError> {
    let IssueContext { user, authentication, grant, now } = issue;
    let claims = AccessClaims {
        iss: config.issuer.clone(),
        sub: user.id.clone(),
        aud: match &grant.audience {
            Some(other) => Audience::Several(vec![other.clone(), config.audience.clone()]),
            None => Audience::One(config.audience.clone()),
        },
        iat: now,
        exp: authentication.expiry(now, config.access_lifetime),
        jti: random::identifier(""),
        client_id: grant.client_id.clone(),
        scope: grant.scope.clone(),
        email: user.email.clone(),
    };
    signed(key, ACCESS_TYPE, &claims)
}

fn id_token(
    issue: IssueContext<'_>,
    config: &RelyingPartyConfig,
    key: &SigningKey,
) -> Result<Option<String>, StoreError> {
    let IssueContext { user, authentication, grant, now } = issue;
    if grant.client_id.is_none() && !grant.has_openid() {
        return Ok(None);
    }
    let claims = IdClaims {
        iss: &config.issuer,
        sub: &user.id,
        aud: grant.client_id.as_deref().unwrap_or(&config.audience),
        iat: now,
        exp: authentication.expiry(now, config.access_lifetime),
        auth_time: authentication.at,
        email: user.email.as_deref(),
        name: user.display_name(),
    };
    signed(key, ID_TYPE, &claims).map(Some)
}

fn signed(key: &SigningKey, typ: &str, claims: &impl Serialize) -> Result<String, StoreError> {
    let encoded = |json: serde_json::Result<Vec<u8>>| {
        json.map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| StoreError::Unreadable("claim"))
    };
    let header = encoded(serde_json::to_vec(&Header { typ, alg: "RS256", kid: &key.kid }))?;
    let message = format!("{header}.{}", encoded(serde_json::to_vec(claims))?);
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())?);
    Ok(format!("{message}.{signature}"))
}
