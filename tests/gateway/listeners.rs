//! Listening sockets that a service manager opened.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use kit::caller::Caller;
use kit::config::{EMBEDDED, route_verified_by_upstream};
use kit::gateway::{Config, Gateway};
use kit::message::Request;
use kit::provider::Provider::Quiva;

#[tokio::test]
async fn socket_of_the_service_manager_is_served_beside_others() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let config = Config::write(&(EMBEDDED.to_owned() + &route_verified_by_upstream("main", Quiva, "own", "")));
    let gateway = Gateway::start_adapted(config, |command| {
        // Standard input stands in for descriptor 3.
        command.stdin(Stdio::from(OwnedFd::from(socket)));
        command.env("LISTEN_FDS", "1").env("LISTEN_FDS_FIRST_FD", "0").env("LISTEN_FDNAMES", "http");
        command.env("PASSBRIDGE__SERVER__LISTEN", "[\"127.0.0.1:0\", \"systemd:http\"]");
    });
    let gateway = gateway.await;
    assert!(gateway.banner[0].contains(&format!(", http://{address};")), "{}", gateway.banner[0]);
    assert_eq!(Caller::of(address).ask(&Request::new("GET", "/none")).await.status, 404);
    assert_eq!(gateway.ask(&Request::new("GET", "/none")).await.status, 404);
}
