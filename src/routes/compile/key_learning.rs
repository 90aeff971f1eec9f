//! Which embedded upstream learns from a route's sign-ins.

use crate::features::key_learning::Purpose;
use crate::features::key_learning::observe::Learning;
use crate::routes::compile::builder::Builder;
use crate::routes::route_settings::RouteSettings;
use crate::routes::upstream::UpstreamKind;

impl Builder<'_> {
    /// What `learn_keys` and `verify_against` say of a route.
    pub(crate) fn learning(&mut self, settings: &RouteSettings, key: &str) -> Option<Learning> {
        let (name, word, purpose) = match (&settings.learn_keys, &settings.verify_against) {
            (None, None) => return None,
            (Some(name), None) => (name, "learn_keys", Purpose::Learn),
            (None, Some(name)) => (name, "verify_against", Purpose::Verify),
            (Some(_), Some(_)) => {
                let remedy = "keep `learn_keys` alone, or `verify_against` alone if nothing shall be learned";
                let message = "`learn_keys` verifies what is known already, and `verify_against` says it again";
                self.error(&format!("{key}.verify_against"), message, "this name", remedy);
                return None;
            }
        };
        let key = format!("{key}.{word}");
        let upstream = self.named_upstream(name, &key)?;
        if !matches!(self.upstreams[upstream].kind, UpstreamKind::Embedded(_)) {
            let message = format!("the upstream `{name}` has no directory of ours");
            self.error(&key, message, "this name", "name an upstream whose provider is `embedded`");
            return None;
        }
        if settings.upstream == *name {
            let message = format!("the upstream `{name}` serves this route itself, and there is nothing to watch");
            let remedy = format!("take `{word}` out, or let the provider that the users come from do the work");
            self.error(&key, message, "this name", remedy);
            return None;
        }
        Some(Learning { upstream, purpose })
    }
}
