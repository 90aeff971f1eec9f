//! Findings about limits by client: unknown operations, and listeners where the client's address is not known.

use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::similar_name::did_you_mean;
use crate::gateway::rate_limits::settings::RateSettings;
use crate::model::operation::Operation;
use crate::routes::compile::input::CompileInput;
use crate::server::server_settings::ServerSettings;
use crate::server::trusted_proxies::TrustedProxies;

pub(super) fn report(server: &ServerSettings, rates: &RateSettings, input: &CompileInput<'_>) -> Diagnostics {
    let mut found = Diagnostics::default();
    for name in rates.operations.keys().filter(|name| Operation::named(name).is_none()) {
        let remedy = did_you_mean(name, Operation::ALL.map(Operation::name), "the operations are");
        let finding = Diagnostic::error(format!("unknown operation `{name}`")).label("this key").remedy(remedy);
        found.push(input.places.locate_key(finding, &format!("limits.rates.operations.{name}")));
    }
    let is_everything = server.trusted_proxies.as_ref().is_some_and(|proxies| proxies.contains_everything());
    if is_everything {
        let message = "`server.trusted_proxies` is every address, so each client can choose its own address";
        let finding = Diagnostic::warning(message).label("this list").remedy("list only the networks of your proxies");
        found.push(input.places.locate(finding, "server.trusted_proxies"));
    }
    let has_devices =
        || input.routes.values().any(|route| route.callers.open.is_some() || route.callers.user.is_some());
    if server.listen.iter().any(|listen| listen.proxy_protocol)
        && server.trusted_proxies.as_ref().is_none_or(TrustedProxies::is_empty)
    {
        let message = "`proxy_protocol` accepts connections only from `server.trusted_proxies`, which is empty";
        let finding = Diagnostic::error(message).label("this address");
        let finding = finding.remedy("list the networks of your load balancers in `server.trusted_proxies`");
        found.push(input.places.locate(finding, "server.listen"));
    }
    if server.trusted_proxies.is_none() && server.listen.reachable().is_some() && has_devices() {
        let message =
            "limits by client address are only observed: the config does not declare how the address is known";
        let remedy = "list the networks of your proxies in `server.trusted_proxies`, or write `trusted_proxies = []` if \
                      clients connect directly";
        let finding = Diagnostic::note(message).label("this address").remedy(remedy);
        found.push(input.places.locate(finding, "server.listen"));
    }
    found
}
