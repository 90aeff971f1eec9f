//! Compiling one route: its settings, its backends and its policy.

use crate::model::operation::Direction;
use crate::routes::compile::backends::{Common, Use, log_names};
use crate::routes::compile::builder::Builder;
use crate::routes::route::Route;
use crate::routes::route_settings::{RouteSettings, UnknownCeremonies};

impl Builder<'_> {
    pub(crate) fn route(&mut self, name: &str, settings: &RouteSettings) -> Option<Route> {
        let key = format!("routes.{name}");
        let dialect = self.provider(&settings.dialect, &format!("{key}.dialect"));
        let upstream = self.named_upstream(&settings.upstream, &format!("{key}.upstream"));
        let own_set = self.assignments(&format!("{key}.set"), &settings.set, Direction::Request);
        let fill = self.assignments(&format!("{key}.fill"), &settings.fill, Direction::Response);
        self.hosts(&settings.hosts, &format!("{key}.hosts"));
        self.cors(settings, &key);
        let has_valid_prefix = self.prefix(&settings.prefix, &format!("{key}.prefix"));
        let required = self.required_operations(settings, &key);
        let excluded = self.excluded_operations(settings, &key);
        let others = self.others(settings, &key);
        let (Some(dialect), Some(upstream), true) = (dialect, upstream, has_valid_prefix) else { return None };

        let relax = self.relax(settings, &key, &dialect);
        let issuer = self.issuer(settings, &key);
        let learning = self.learning(settings, &key);
        let common =
            Common { name, learning, settings, key, dialect, own_set, fill, required, excluded, relax, issuer };
        let mut uses = vec![Use { upstream, key: "upstream".to_owned() }];
        for other in others {
            if uses.iter().all(|one| one.upstream != other.upstream) {
                uses.push(other);
            }
        }
        let compiled = self.callers(&common, &uses);
        let backends = self.backends(&common, &uses, &compiled);
        let policy = self.policy(&common, &uses).map(Box::new);
        Some(Route {
            index: 0,
            name: name.into(),
            log_names: log_names(name, &common.dialect),
            prefix: settings.prefix.clone(),
            hosts: settings.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            callers: compiled.callers,
            relax_subject: settings.relaxes("subject"),
            relax_one_user: settings.relaxes("one_user"),
            min_user_verification: settings.user_verification,
            passes_unknown_ceremonies: settings.unknown_ceremonies == UnknownCeremonies::Pass,
            cors: settings.cors.clone(),
            issuer: common.issuer.flatten(),
            dialect: common.dialect,
            fill: common.fill,
            relax: common.relax,
            backends,
            policy,
        })
    }
}
