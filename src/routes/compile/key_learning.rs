//! The embedded upstream that learns from a route's sign-ins.

use crate::features::key_learning::Purpose;
use crate::features::key_learning::observe::Learning;
use crate::routes::compile::builder::Builder;
use crate::routes::route_settings::RouteSettings;
use crate::routes::upstream::UpstreamKind;

impl Builder<'_> {
    /// `learn_keys` or `verify_against` of a route.
    pub(crate) fn learning(&mut self, settings: &RouteSettings, key: &str) -> Option<Learning> {
        let (name, setting, purpose) = match (&settings.learn_keys, &settings.verify_against) {
            (None, None) => return None,
            (Some(name), None) => (name, "learn_keys", Purpose::Learn),
            (None, Some(name)) => (name, "verify_against", Purpose::Verify),
            (Some(_), Some(_)) => {
                let remedy = "keep one of them: `learn_keys` to learn and verify, `verify_against` to verify only";
                let message = "`learn_keys` verifies known passkeys too, so `verify_against` has no effect";
                self.error(&format!("{key}.verify_against"), message, "this name", remedy);
                return None;
            }
        };
        let key = format!("{key}.{setting}");
        let upstream = self.named_upstream(name, &key)?;
        if !matches!(self.upstreams[upstream].kind, UpstreamKind::Embedded(_)) {
            let message = format!("the upstream `{name}` is not embedded and cannot store passkeys");
            self.error(&key, message, "this name", "use an upstream with `provider = \"embedded\"`");
            return None;
        }
        if settings.upstream == *name {
            let message = format!("`{setting}` names the upstream `{name}`, which serves this route itself");
            let remedy = format!("remove `{setting}`, or set `upstream` to the upstream that has the users today");
            self.error(&key, message, "this name", remedy);
            return None;
        }
        Some(Learning { upstream, purpose })
    }
}
