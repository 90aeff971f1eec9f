//! Fallback: which faults of a login's begin lead to the next backend.

use std::time::Duration;

use crate::model::fault::{Fault, Refusal};

/// The faults that a fallback can name: those that depend on an upstream or on a user there. Any other fault would be
/// the same everywhere, or would add load to an overloaded gateway.
pub(crate) const FALLBACK_FAULTS: [Fault; 7] = [
    Fault::UnknownUser,
    Fault::NotEnabled,
    Fault::UpstreamRefusedUs,
    Fault::UpstreamInvalid,
    Fault::UpstreamFailed,
    Fault::UpstreamUnavailable,
    Fault::UpstreamTimeout,
];

/// The fallback of a route.
#[derive(Debug)]
pub(crate) struct Fallback {
    /// The faults that lead to the next backend.
    pub(crate) on: Vec<Fault>,
    /// The backends to try, in this order, each once.
    pub(crate) to: Vec<usize>,
    /// The time that all attempts together may take.
    pub(crate) deadline: Duration,
}

/// The refusal to answer with after every attempt failed. An outage takes precedence over an unknown user: the user is
/// unknown only if every upstream answered so.
pub(crate) fn most_telling(mut refusals: Vec<Refusal>) -> Refusal {
    let is_outage = |refusal: &Refusal| !matches!(refusal.fault, Fault::UnknownUser | Fault::NotEnabled);
    let which = refusals.iter().position(is_outage).unwrap_or(0);
    refusals.swap_remove(which)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outage_takes_precedence_over_an_unknown_user() {
        let fault =
            |faults: &[Fault]| most_telling(faults.iter().map(|fault| Refusal::new(*fault, "")).collect()).fault;
        assert_eq!(fault(&[Fault::UnknownUser, Fault::UnknownUser]), Fault::UnknownUser);
        assert_eq!(fault(&[Fault::UnknownUser, Fault::UpstreamUnavailable]), Fault::UpstreamUnavailable);
        assert_eq!(fault(&[Fault::UpstreamTimeout, Fault::UnknownUser]), Fault::UpstreamTimeout);
        assert_eq!(fault(&[Fault::NotEnabled, Fault::UnknownUser]), Fault::NotEnabled);
    }
}
