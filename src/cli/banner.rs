//! The text printed at the start: the routes, and a `curl` command for each route with a demo user.

use std::net::SocketAddr;

use comfy_table::CellAlignment;
use jiff::Timestamp;

use crate::cli::start::GatewayBuilder;
use crate::config::load::Origin;
use crate::model::assertion::AssertionRequest;
use crate::model::operation::Operation;
use crate::provider::template::encode::EncodeContext;
use crate::provider::wire_format::EncodedRequest;
use crate::relying_party::demo::{DEMO_EMAIL, DEMO_USER};
use crate::routes::route::Route;
use crate::routes::upstream::UpstreamKind;
use crate::server::admin::RunningAdmin;

/// `addresses` are all that the server listens on; `address` is the first of TCP, if there is one.
pub(super) fn banner(
    builder: &GatewayBuilder,
    origin: &Origin,
    addresses: &[String],
    address: SocketAddr,
    admin: &RunningAdmin,
) -> String {
    let plan = &builder.shared.plan;
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        "passbridge {version} serves {} on {}; health on http://{}/healthz\n",
        origin.name(),
        addresses.join(", "),
        admin.address()
    );
    let routes = plan.routes.iter().map(|route| {
        let upstream = &plan.upstreams[route.own_backend().upstream];
        let kind = upstream.side().name();
        [route.name.to_string(), format!("dialect {}, upstream `{}` ({kind})", route.dialect.id, upstream.name)]
    });
    text.push_str(&super::table("  ", CellAlignment::Left, routes));
    if let Some(url) = admin.console_url() {
        text.push_str(&format!("\nTry the routes in a browser: {url}\n"));
    }
    let is_tcp = address.port() != 0;
    let commands: Vec<_> =
        plan.routes.iter().filter(|_| is_tcp).filter_map(|route| command(builder, route, address)).collect();
    if !commands.is_empty() {
        text.push_str(&format!("\nOr begin a sign-in for the demo user:\n\n{}\n", commands.join("\n")));
    }
    text
}

fn command(builder: &GatewayBuilder, route: &Route, address: SocketAddr) -> Option<String> {
    let UpstreamKind::Embedded(settings) = &builder.shared.plan.upstreams[route.own_backend().upstream].kind else {
        return None;
    };
    let token = builder.party(route.own_backend().upstream)?.demo_token()?;
    let request = AssertionRequest {
        user_id: Some(DEMO_USER.into()),
        user_email: Some(DEMO_EMAIL.into()),
        rp_id: Some(settings.rp_id.as_str().into()),
        client_id: Some("demo".into()),
        client_key: Some("demo".into()),
        user_token: Some(token.into()),
        ..Default::default()
    };
    let template = route.dialect.operations.get(&Operation::LoginBegin)?;
    let written = template.write_request(&request, EncodeContext { now: Timestamp::UNIX_EPOCH, relaxed: &[] }).ok()?;
    Some(curl(route, address, &written))
}

fn curl(route: &Route, address: SocketAddr, request: &EncodedRequest<'_>) -> String {
    let mut command = format!("curl -sS -X {} http://{address}{}{}", request.method, route.prefix, request.target);
    if let Some(host) = route.hosts.first() {
        command.push_str(&format!(" -H {}", quoted(&format!("Host: {host}"))));
    }
    for (name, value) in &request.fields {
        command.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}"))));
    }
    if let Some(content) = &request.content {
        command.push_str(" -H 'content-type: application/json' -d ");
        command.push_str(&quoted(&String::from_utf8_lossy(content)));
    }
    command
}

/// Quotes an argument for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
