//! The closed set of refusals a caller can be told.
//!
//! A fault says what is wrong in words every dialect has; the dialect's file says how it looks on
//! the wire. What a fault says to the caller is ours alone: nothing of an upstream's text travels on.

use std::borrow::Cow;

use super::record::record;

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The request breaks its contract.
    InvalidRequest,
    /// The caller's own credentials are missing or wrong.
    Unauthenticated,
    /// The caller is known and may not.
    Forbidden,
    /// There is no such user, or the user has no passkey.
    UnknownUser,
    /// The provider or the route does not offer this operation.
    NotEnabled,
    /// The challenge is unknown, used, or too old.
    ChallengeExpired,
    /// The authenticator's answer does not hold, or the refresh token of an earlier one.
    AssertionRejected,
    /// It exists already.
    Conflict,
    /// The content is larger than allowed.
    TooLarge,
    /// The content is not of the media type the operation takes.
    UnsupportedMediaType,
    /// The path is an operation's, the method is not.
    MethodNotAllowed,
    /// There is no such thing.
    NotFound,
    /// The caller asks too often.
    RateLimited,
    /// The gateway has too much to do.
    Overloaded,
    /// The upstream does not accept the gateway's own credentials.
    UpstreamRefusedUs,
    /// The upstream's answer breaks its contract.
    UpstreamInvalid,
    /// The upstream says itself that it failed.
    UpstreamFailed,
    /// The upstream cannot be reached.
    UpstreamUnavailable,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// What says who the caller's user is at the upstream cannot be asked, or gives no usable answer.
    IdentityUnavailable,
    /// The gateway failed.
    Internal,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 21] = [
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::UnknownUser,
        Self::NotEnabled,
        Self::ChallengeExpired,
        Self::AssertionRejected,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::RateLimited,
        Self::Overloaded,
        Self::UpstreamRefusedUs,
        Self::UpstreamInvalid,
        Self::UpstreamFailed,
        Self::UpstreamUnavailable,
        Self::UpstreamTimeout,
        Self::IdentityUnavailable,
        Self::Internal,
    ];

    /// The name used in provider files, in the config and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::UnknownUser => "unknown_user",
            Self::NotEnabled => "not_enabled",
            Self::ChallengeExpired => "challenge_expired",
            Self::AssertionRejected => "assertion_rejected",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::UpstreamRefusedUs => "upstream_refused_us",
            Self::UpstreamInvalid => "upstream_invalid",
            Self::UpstreamFailed => "upstream_failed",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::IdentityUnavailable => "identity_unavailable",
            Self::Internal => "internal",
        }
    }

    /// The fault of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Whether the operator of the gateway must act.
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::UpstreamRefusedUs | Self::Internal)
    }

    /// Whether the operator of an upstream or of an identity map must act, or there is too much to do.
    pub const fn is_upstreams(self) -> bool {
        matches!(
            self,
            Self::Overloaded
                | Self::UpstreamInvalid
                | Self::UpstreamFailed
                | Self::UpstreamUnavailable
                | Self::UpstreamTimeout
                | Self::IdentityUnavailable
        )
    }

    /// What the caller reads when nothing more precise can be said.
    pub const fn message(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request is invalid.",
            Self::Unauthenticated => "The credentials of the request are missing or not valid.",
            Self::Forbidden => "The caller is not allowed to do this.",
            Self::UnknownUser => "The user is unknown or has no passkey.",
            Self::NotEnabled => "Passkeys are not enabled for this operation.",
            Self::ChallengeExpired => "The challenge is unknown, was used already, or has expired.",
            Self::AssertionRejected => "The passkey could not be verified.",
            Self::Conflict => "It exists already.",
            Self::TooLarge => "The content is too large.",
            Self::UnsupportedMediaType => "The content must be application/json.",
            Self::MethodNotAllowed => "The method is not allowed on this path.",
            Self::NotFound => "Not found.",
            Self::RateLimited => "Too many requests.",
            Self::Overloaded => "The service is busy. Try again.",
            Self::UpstreamRefusedUs => "The service is not set up correctly.",
            Self::UpstreamInvalid => "The service behind this one gave an answer that cannot be used.",
            Self::UpstreamFailed => "The service behind this one failed.",
            Self::UpstreamUnavailable => "The service behind this one cannot be reached.",
            Self::UpstreamTimeout => "The service behind this one did not answer in time.",
            Self::IdentityUnavailable => "The service cannot tell who the user is at the moment. Try again.",
            Self::Internal => "The service failed.",
        }
    }
}

record! {
    /// What a fault carries to the caller beside its name.
    FaultDetails, members FAULT_DETAILS {
        fault: text = Fault,
        message: text = Message,
        correlation_id: text = CorrelationId,
        retry_after: number = RetryAfter,
    }
}

/// A fault with what the caller is told, and what only the log is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Which of the closed set.
    pub fault: Fault,
    /// For the caller: names places, never values.
    pub message: Cow<'static, str>,
    /// For the log: more precise, and still without values.
    pub reason: Cow<'static, str>,
    /// After how many seconds to try again.
    pub retry_after: Option<i64>,
}

// Cold, so that what makes one is laid out apart from what every request runs through.
impl Refusal {
    /// A refusal that tells the caller the fault's own message.
    #[cold]
    pub fn new(fault: Fault, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { fault, message: fault.message().into(), reason: reason.into(), retry_after: None }
    }

    /// A refusal whose reason the caller may read too.
    #[cold]
    pub fn with_public_message(fault: Fault, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { fault, reason: message.clone(), message, retry_after: None }
    }

    /// A refusal of the refresh token that the caller shows.
    #[cold]
    pub fn of_token(reason: impl Into<Cow<'static, str>>) -> Self {
        let message = "The refresh token is not valid, was used already, or has expired.".into();
        Self { message, ..Self::new(Fault::AssertionRejected, reason) }
    }

    /// The same, to be tried again after some seconds.
    #[must_use]
    pub fn retry_after(self, seconds: Option<i64>) -> Self {
        Self { retry_after: seconds, ..self }
    }
}
