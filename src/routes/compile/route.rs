//! Building one route: its settings, its ways, and who takes which.

use crate::model::operation::Direction;
use crate::routes::Route;
use crate::routes::compile::backends::{Common, Use};
use crate::routes::compile::builder::Builder;
use crate::routes::route_settings::RouteSettings;

impl Builder<'_> {
    pub(crate) fn route(&mut self, name: &str, settings: &RouteSettings) -> Option<Route> {
        let key = format!("routes.{name}");
        let dialect = self.provider(&settings.dialect, &format!("{key}.dialect"));
        let upstream = self.named_upstream(&settings.upstream, &format!("{key}.upstream"));
        let own_set = self.assignments(&format!("{key}.set"), &settings.set, Direction::Request);
        let fill = self.assignments(&format!("{key}.fill"), &settings.fill, Direction::Response);
        self.hosts(&settings.hosts, &format!("{key}.hosts"));
        let prefix_is_good = self.prefix(&settings.prefix, &format!("{key}.prefix"));
        let operations = self.operations(settings, &key);
        let left = self.left(settings, &key);
        let others = self.others(settings, &key);
        let (Some(dialect), Some(upstream), true) = (dialect, upstream, prefix_is_good) else { return None };

        let relax = self.relax(settings, &key, &dialect);
        let issuer = self.issuer(settings, &key);
        let observes = self.observes(settings, &key);
        let common = Common { name, observes, settings, key, dialect, own_set, fill, operations, left, relax, issuer };
        let mut uses = vec![Use { upstream, key: "upstream".to_owned() }];
        for other in others {
            if uses.iter().all(|one| one.upstream != other.upstream) {
                uses.push(other);
            }
        }
        let mut ways = self.ways(&common, &uses);
        let mut route = ways.remove(0);
        route.policy = self.policy(&common, &uses, ways).map(Box::new);
        Some(route)
    }
}
