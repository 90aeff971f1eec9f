//! Health and readiness through the life of the process.

use passbridge::server::admin::{Admin, AdminSettings};
use passbridge::server::lifecycle::Lifecycle;
use passbridge::server::passthrough::settings::PassthroughSettings;
use passbridge::server::workers::Server;

use super::rig::{Reply, Wire, settings, within};
use super::toy::Toy;

#[tokio::test]
async fn readiness_follows_the_process_lifecycle() {
    let lifecycle = Lifecycle::new();
    let admin = Admin::bind(&AdminSettings { listen: "127.0.0.1:0".parse().unwrap(), ..Default::default() }).unwrap();
    let admin = admin.start(&lifecycle).unwrap();
    let mut wire = Wire::connect(admin.address()).await;
    let told = ask(&mut wire, "GET", "/readyz").await;
    assert_eq!((told.status, told.content.as_str()), (503, "starting\n"));

    let server = Server::bind(&settings()).unwrap();
    let running = server.start(&PassthroughSettings::default(), &lifecycle, Toy::new().build()).unwrap();
    let told = ask(&mut wire, "GET", "/readyz").await;
    assert_eq!((told.status, told.content.as_str()), (200, "ready\n"));

    lifecycle.stop();
    let told = ask(&mut wire, "GET", "/readyz").await;
    assert_eq!((told.status, told.content.as_str()), (503, "draining\n"));
    within(running.drained()).await.unwrap();
    let told = ask(&mut wire, "GET", "/healthz").await;
    assert_eq!((told.status, told.content.as_str()), (200, "ok"));

    drop(admin);
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn unknown_admin_path_is_not_found() {
    let admin = Admin::bind(&AdminSettings { listen: "127.0.0.1:0".parse().unwrap(), ..Default::default() }).unwrap();
    let admin = admin.start(&Lifecycle::new()).unwrap();
    let mut wire = Wire::connect(admin.address()).await;
    for path in ["/nothing", "/", "/try"] {
        assert_eq!(ask(&mut wire, "GET", path).await.status, 404, "{path}: no gateway was given to a console");
    }
    let told = ask(&mut wire, "POST", "/healthz").await;
    assert_eq!((told.status, told.field("allow")), (405, Some("get, head")));
    let told = ask(&mut wire, "HEAD", "/healthz").await;
    assert_eq!((told.status, told.content.as_str()), (200, ""));
}

async fn ask(wire: &mut Wire, method: &str, path: &str) -> Reply {
    wire.send(&format!("{method} {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
    wire.reply_to(method).await
}
