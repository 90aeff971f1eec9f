//! Warnings about where the gateway runs: callers without credentials on an address that other machines reach, and
//! folders that do not exist.

use std::collections::BTreeMap;

use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::document::Places;
use crate::caller_auth::caller_settings::{CallerSettings, ClientSettings, KeySettings};
use crate::routes::compile::input::{CompileInput, UpstreamSettings};
use crate::routes::route_settings::RouteSettings;
use crate::server::listen_address::ListenAddress;
use crate::server::server_settings::ServerSettings;

pub(super) fn report(server: &ServerSettings, input: &CompileInput<'_>) -> Diagnostics {
    let mut found = Diagnostics::default();
    let reachable = server.listen.reachable();
    if let Some(listen) = reachable {
        open_callers(listen, input.routes, input.places, &mut found);
    }
    for (name, upstream) in input.upstreams {
        let UpstreamSettings::Embedded(settings) = upstream else { continue };
        if settings.demo
            && let Some(listen) = reachable
        {
            let message = format!("upstream `{name}` has the demo user, and other machines reach {listen}");
            let finding = Diagnostic::warning(message).label("this setting").remedy("remove `demo`");
            found.push(input.places.locate(finding, &format!("upstreams.{name}.demo")));
        }
        let folder = input.base.join(&settings.database);
        let folder = folder.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
        if let Some(folder) = folder {
            let message = format!("the folder `{}` of the database does not exist", folder.display());
            let remedy = "create it before the gateway starts";
            let finding = Diagnostic::warning(message).label("this database").remedy(remedy);
            found.push(input.places.locate(finding, &format!("upstreams.{name}.database")));
        }
    }
    found
}

fn open_callers(
    listen: &ListenAddress,
    routes: &BTreeMap<String, RouteSettings>,
    places: &Places,
    found: &mut Diagnostics,
) {
    let open: Vec<_> = routes
        .iter()
        .filter_map(|(name, route)| {
            let kinds = kinds_of_anyone(&route.callers);
            (!kinds.is_empty()).then(|| format!("`{name}` ({})", kinds.join(", ")))
        })
        .collect();
    if open.is_empty() {
        return;
    }
    let noun = if open.len() == 1 { "route" } else { "routes" };
    let message =
        format!("callers need no credentials on {noun} {}, and other machines reach {listen}", open.join(", "));
    let remedy = "list the allowed keys and clients in `callers`, or listen on a loopback address";
    found.push(places.locate(Diagnostic::warning(message).label("this address").remedy(remedy), "server.listen"));
}

/// The kinds of callers that are `"anyone"`.
fn kinds_of_anyone(callers: &CallerSettings) -> Vec<&'static str> {
    let kinds = [
        ("open", callers.open.is_some()),
        ("key", matches!(callers.key, Some(KeySettings::Anyone(_)))),
        ("client", matches!(callers.client, Some(ClientSettings::Anyone(_)))),
    ];
    kinds.into_iter().filter_map(|(kind, is_anyone)| is_anyone.then_some(kind)).collect()
}
