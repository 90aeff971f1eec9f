//! Signals, in a process of their own: the first begins the drain, the second ends it at once.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use passbridge::server::lifecycle::Lifecycle;
use passbridge::server::signals::stop_on_signal;

use super::rig::within;

const IN_CHILD: &str = "PASSBRIDGE_TEST_CHILD";

#[test]
fn first_signal_drains_and_second_exits() {
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
        assert_eq!(exit_code(&mut child), Some(130), "{first} {second}");
    }
}

/// The child's exit code; none, and no child any more, if it does not exit by itself.
fn exit_code(child: &mut Child) -> Option<i32> {
    for _ in 0..2000 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap().code()
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status().unwrap();
    assert!(sent.success());
}

/// Not a test by itself: the process that the test above sends signals to.
#[tokio::test]
async fn child() {
    if env::var_os(IN_CHILD).is_none() {
        return;
    }
    let lifecycle = Lifecycle::new();
    stop_on_signal(&lifecycle).unwrap();
    println!("watching");
    // Bounded, so that a parent that fails leaves no process behind.
    within(lifecycle.stopped().cancelled()).await;
    println!("draining");
    within(std::future::pending::<()>()).await;
}
