//! Which identity map an upstream has, and what speaks against it on a route.

use std::sync::Arc;

use crate::base::diagnostic::{Diagnostic, nearest};
use crate::identity::map::Map;
use crate::model::member::Member;
use crate::routes::assignment::Assignment;
use crate::routes::compile::builder::Builder;

/// A map that is named and not there; the reason was told.
pub(crate) struct NoMap;

impl Builder<'_> {
    /// The map that an upstream names, if it names one.
    ///
    /// # Errors
    /// Where there is no such map, or it does not work: nothing can be said of the upstream's routes.
    pub(crate) fn identity(&mut self, upstream: &str) -> Result<Option<Arc<Map>>, NoMap> {
        let identities = self.ground.identities;
        let Some(name) = identities.named.get(upstream) else { return Ok(None) };
        if let Some(map) = identities.maps.get(name) {
            return Ok(Some(map.clone()));
        }
        // One that is there and broken was told of already.
        if !identities.broken.contains(name) {
            let known: Vec<_> = identities.maps.keys().chain(&identities.broken).map(String::as_str).collect();
            let remedy = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => format!("write a table `[identity.{name}]`"),
                None => format!("the identity maps are: {}", known.join(", ")),
            };
            let key = format!("upstreams.{upstream}.identity");
            self.error(&key, format!("there is no identity map `{name}`"), "this name", remedy);
        }
        Err(NoMap)
    }

    /// A `set` must not name the user where a map does.
    pub(crate) fn one_namer(&mut self, table: &str, set: &[Assignment], map: Option<&Map>) {
        let Some(map) = map else { return };
        for assignment in set {
            let member = assignment.member;
            if matches!(member, Member::UserId | Member::UserEmail) {
                let message = format!("both this and the identity map `{}` say who the upstream's user is", map.name());
                let key = format!("{table}.{}", member.name());
                self.error(&key, message, "this member", "take it out, or take `identity` out of the upstream");
            }
        }
    }

    pub(crate) fn unused_maps(&mut self) {
        let identities = self.ground.identities;
        if self.diagnostics.has_errors() {
            return;
        }
        for name in identities.maps.keys().filter(|name| !identities.named.values().any(|named| named == *name)) {
            let diagnostic = Diagnostic::warning(format!("no upstream uses the identity map `{name}`"))
                .label("unused")
                .remedy("take it out, or name it as an upstream's `identity`");
            self.diagnostics.push(self.ground.places.locate_key(diagnostic, &format!("identity.{name}")));
        }
    }
}
