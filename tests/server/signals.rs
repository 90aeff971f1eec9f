//! Signals, in a process of their own: the first begins the drain, the second ends it at once.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use passbridge::server::lifecycle::Lifecycle;
use passbridge::server::signals::stop_on_signal;

const IN_CHILD: &str = "PASSBRIDGE_TEST_CHILD";

#[test]
fn the_first_signal_drains_and_the_second_exits() {
    for (first, second) in [("TERM", "TERM"), ("INT", "TERM"), ("TERM", "INT")] {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "signals::child"])
            .env(IN_CHILD, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("watching")));
        send(first, &child);
        assert!(lines.any(|line| line.unwrap().ends_with("draining")));
        assert_eq!(child.try_wait().unwrap(), None, "{first} alone must not end it");
        send(second, &child);
        assert_eq!(child.wait().unwrap().code(), Some(130), "{first} {second}");
    }
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status().unwrap();
    assert!(sent.success());
}

/// Not a test by itself: the process that the test above sends signals to.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the parent reads it")]
async fn child() {
    if env::var_os(IN_CHILD).is_none() {
        return;
    }
    let lifecycle = Lifecycle::new();
    stop_on_signal(&lifecycle).unwrap();
    println!("watching");
    lifecycle.stopped().cancelled().await;
    println!("draining");
    std::future::pending::<()>().await;
}
