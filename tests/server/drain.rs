//! The drain: what is under way is finished, what is idle is closed, what does not end is cut and counted.

use passbridge::base::bounded::Bounded;
use passbridge::server::lifecycle::Phase;
use passbridge::server::workers::Drained;
use tokio::net::TcpStream;

use super::rig::{settings, start, within};

#[tokio::test]
async fn drain_finishes_requests_and_closes_idle_connections() {
    let rig = start(&settings());
    assert_eq!(rig.lifecycle.phase(), Phase::Serving);
    let mut idle = rig.connect().await;
    idle.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    idle.reply().await;
    let mut silent = rig.connect().await;
    let mut busy = rig.connect().await;
    busy.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    rig.toy.arrival().await;

    rig.lifecycle.stop();
    assert_eq!(rig.lifecycle.phase(), Phase::Draining);
    assert_eq!(idle.rest().await, "");
    assert_eq!(silent.rest().await, "");
    rig.toy.released.add_permits(1);
    let reply = busy.reply().await;
    assert_eq!((reply.status, reply.content.as_str()), (200, "waited"));
    assert_eq!(reply.field("connection"), Some("close"));
    assert_eq!(busy.rest().await, "");
    assert_eq!(within(rig.running.drained()).await.unwrap(), Drained { cut: 0 });
    assert!(TcpStream::connect(rig.address).await.is_err());
}

#[tokio::test]
async fn unfinished_requests_are_cut_and_counted() {
    let mut settings = settings();
    settings.drain_timeout_ms = Bounded::nearest(50);
    settings.workers = Bounded::new(2);
    let rig = start(&settings);
    let mut busy = Vec::new();
    for _ in 0..3 {
        let mut wire = rig.connect().await;
        wire.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
        rig.toy.arrival().await;
        busy.push(wire);
    }
    rig.lifecycle.stop();
    assert_eq!(within(rig.running.drained()).await.unwrap(), Drained { cut: 3 });
    for mut wire in busy {
        assert_eq!(wire.rest().await, "");
    }
}
