//! The identity maps that upstreams use.

use std::sync::Arc;

use crate::base::diagnostic::Diagnostic;
use crate::base::similar_name::did_you_mean;
use crate::identity::map::Map;
use crate::model::member::Member;
use crate::routes::assignment::Assignment;
use crate::routes::compile::builder::Builder;

/// An upstream's map cannot be used; the reason was reported.
pub(crate) struct UnusableMap;

impl Builder<'_> {
    /// The identity map of an upstream, if it has one.
    ///
    /// # Errors
    /// If the map is unknown or has errors. The upstream's routes are not checked then.
    pub(crate) fn identity(&mut self, upstream: &str) -> Result<Option<Arc<Map>>, UnusableMap> {
        let identities = self.input.identities;
        let Some(name) = identities.named.get(upstream) else { return Ok(None) };
        if let Some(map) = identities.maps.get(name) {
            return Ok(Some(map.clone()));
        }
        let known: Vec<_> = self.input.names("identity", identities.maps.keys()).collect();
        if !known.contains(&name.as_str()) && !self.input.mistakes.contains("identity") {
            let remedy = match known.is_empty() {
                true => format!("add a table `[identity.{name}]`"),
                false => did_you_mean(name, known, "the identity maps are"),
            };
            let key = format!("upstreams.{upstream}.identity");
            self.error(&key, format!("unknown identity map `{name}`"), "this name", remedy);
        }
        Err(UnusableMap)
    }

    /// Reports entries of `set` that name the user of an upstream with an identity map.
    pub(crate) fn reject_set_beside_map(&mut self, table: &str, set: &[Assignment], map: Option<&Map>) {
        let Some(map) = map else { return };
        for assignment in set {
            let member = assignment.member;
            if matches!(member, Member::UserId | Member::UserEmail) {
                let message = format!("both `set` and the identity map `{}` determine the upstream's user", map.name());
                let key = format!("{table}.{}", member.name());
                self.error(&key, message, "this member", "remove it, or remove `identity` from the upstream");
            }
        }
    }

    pub(crate) fn report_unused_maps(&mut self) {
        let identities = self.input.identities;
        if self.diagnostics.has_errors() {
            return;
        }
        for name in identities.maps.keys().filter(|name| !identities.named.values().any(|named| named == *name)) {
            let diagnostic = Diagnostic::warning(format!("no upstream uses the identity map `{name}`"))
                .label("unused")
                .remedy("remove it, or set `identity` of an upstream to it");
            self.diagnostics.push(self.input.places.locate_key(diagnostic, &format!("identity.{name}")));
        }
    }
}
