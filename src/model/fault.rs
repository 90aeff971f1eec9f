//! The closed set of faults, and the refusal that carries one.
//!
//! Every dialect can express every fault; the provider file defines how it is written. The message for the
//! caller is always the gateway's own: text of an upstream is never forwarded.

use std::borrow::Cow;

use crate::model::record::record;

macro_rules! faults {
    ($( $(#[doc = $doc:literal])+ $variant:ident $name:literal $message:literal; )*) => {
        /// Why a request was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault {
            $( $(#[doc = $doc])+ $variant, )*
        }

        impl Fault {
            /// Every fault.
            pub const ALL: [Self; 21] = [$(Self::$variant),*];

            /// The name used in provider files, in the config and in logs.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The message for the caller, where no more precise one is given.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message),* }
            }
        }
    };
}

faults! {
    /// The request breaks the contract of the operation.
    InvalidRequest "invalid_request" "The request is invalid.";
    /// The caller's credentials are missing or wrong.
    Unauthenticated "unauthenticated" "The credentials of the request are missing or not valid.";
    /// The caller is authenticated but not allowed to do this.
    Forbidden "forbidden" "The caller is not allowed to do this.";
    /// The user does not exist or has no passkey.
    UnknownUser "unknown_user" "The user is unknown or has no passkey.";
    /// The provider or the route does not offer this operation.
    NotEnabled "not_enabled" "Passkeys are not enabled for this operation.";
    /// The challenge is unknown, was used, or has expired.
    ChallengeExpired "challenge_expired" "The challenge is unknown, was used already, or has expired.";
    /// The authenticator's signature or the refresh token is not valid.
    AssertionRejected "assertion_rejected" "The passkey could not be verified.";
    /// The object to create exists already.
    Conflict "conflict" "It exists already.";
    /// The content exceeds its size limit.
    TooLarge "too_large" "The content is too large.";
    /// The content has a media type that the operation does not accept.
    UnsupportedMediaType "unsupported_media_type" "The content must be application/json.";
    /// The path belongs to an operation, the method does not.
    MethodNotAllowed "method_not_allowed" "The method is not allowed on this path.";
    /// The requested object does not exist.
    NotFound "not_found" "Not found.";
    /// The caller exceeded a rate limit.
    RateLimited "rate_limited" "Too many requests.";
    /// The gateway is overloaded.
    Overloaded "overloaded" "The service is busy. Try again.";
    /// The upstream rejects the gateway's own credentials.
    UpstreamRefusedUs "upstream_refused_us" "The service is not configured correctly.";
    /// The upstream's response breaks the contract of the operation.
    UpstreamInvalid "upstream_invalid" "The upstream returned an invalid response.";
    /// The upstream reports a failure of its own.
    UpstreamFailed "upstream_failed" "The upstream failed.";
    /// The upstream cannot be reached.
    UpstreamUnavailable "upstream_unavailable" "The upstream cannot be reached.";
    /// The upstream did not respond in time.
    UpstreamTimeout "upstream_timeout" "The upstream did not respond in time.";
    /// The identity map cannot be queried or gives no usable result.
    IdentityUnavailable "identity_unavailable" "The user cannot be looked up at the moment. Try again.";
    /// The gateway failed.
    Internal "internal" "The service failed.";
}

impl Fault {
    /// The fault of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Whether the operator of the gateway must act.
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::UpstreamRefusedUs | Self::Internal)
    }

    /// Whether the cause is an upstream, an identity map, or overload.
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
}

record! {
    /// The members of a fault response.
    FaultDetails, members FAULT_DETAILS {
        fault: text = Fault,
        message: text = Message,
        correlation_id: text = CorrelationId,
        retry_after: number = RetryAfter,
    }
}

/// A fault with its message for the caller and its reason for the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The fault.
    pub fault: Fault,
    /// For the caller: names places, never values.
    pub message: Cow<'static, str>,
    /// For the log: more precise, also without values.
    pub reason: Cow<'static, str>,
    /// The number of seconds after which to retry.
    pub retry_after: Option<i64>,
}

// Cold, so that the code of refusals is placed apart from the code that every request runs.
impl Refusal {
    /// A refusal with the fault's default message.
    #[cold]
    pub fn new(fault: Fault, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { fault, message: fault.message().into(), reason: reason.into(), retry_after: None }
    }

    /// A refusal of the caller's credentials.
    #[cold]
    pub fn unauthenticated(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Fault::Unauthenticated, reason)
    }

    /// A refusal whose reason is also the message for the caller.
    #[cold]
    pub fn with_public_message(fault: Fault, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { fault, reason: message.clone(), message, retry_after: None }
    }

    /// A refusal of the caller's refresh token.
    #[cold]
    pub fn of_token(reason: impl Into<Cow<'static, str>>) -> Self {
        let message = "The refresh token is not valid, was used already, or has expired.".into();
        Self { message, ..Self::new(Fault::AssertionRejected, reason) }
    }

    /// Sets the number of seconds after which to retry.
    #[must_use]
    pub fn retry_after(self, seconds: Option<i64>) -> Self {
        Self { retry_after: seconds, ..self }
    }
}
