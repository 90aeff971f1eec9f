//! What identifies the client of a request in limits: a device by its address, a backend by its credential.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::gateway::context::RequestContext;
use crate::model::member::Member;
use crate::model::value::Value;

/// Bytes that are hashed together: hashing each alone takes ten times as long.
const CHUNK_BYTES: usize = 64;
/// The members that name a user.
const NAMES: [Member; 2] = [Member::UserId, Member::UserEmail];

/// The part of an address that is one client: an IPv6 subscriber has a whole /64.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum AddressKey {
    V4(u32),
    V6(u64),
}

/// The user that a request names, ignoring case.
pub(crate) struct NamedUser<'c, 'r>(&'c RequestContext<'r>);

/// The credential of a backend: its key or its client id.
pub(crate) fn backend_credential<'c>(context: &'c RequestContext<'_>) -> Option<Cow<'c, str>> {
    text(context, Member::ClientKey).or_else(|| text(context, Member::ClientId))
}

pub(crate) fn text<'c>(context: &'c RequestContext<'_>, member: Member) -> Option<Cow<'c, str>> {
    match context.request.record().value(member) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

// ===== impl AddressKey =====

impl AddressKey {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

// ===== impl NamedUser =====

impl<'c, 'r> NamedUser<'c, 'r> {
    /// `None` if the request names no user.
    pub(crate) fn of(context: &'c RequestContext<'r>) -> Option<Self> {
        let names_user = NAMES.iter().any(|member| context.request.record().value(*member).is_some());
        names_user.then_some(Self(context))
    }
}

impl Hash for NamedUser<'_, '_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for member in NAMES {
            if let Some(Value::Text(name)) = self.0.request.record().value(member) {
                for chunk in name.as_bytes().chunks(CHUNK_BYTES) {
                    let mut lower = [0; CHUNK_BYTES];
                    let lower = &mut lower[..chunk.len()];
                    lower.copy_from_slice(chunk);
                    lower.make_ascii_lowercase();
                    state.write(lower);
                }
            }
            state.write_u8(0xff);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_client() {
        let key = |address: &str| AddressKey::of(address.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:ffff:ffff:ffff"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
    }
}
