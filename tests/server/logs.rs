//! The access log: what it contains and what it never contains.

use std::sync::{Mutex, OnceLock};

use passbridge::telemetry::{Format, Lines};
use serde_json::Value;

use super::rig::{settings, start, within};

/// All lines of this process. Workers log from their own threads, so there is one subscriber for all.
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn listen() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let keep = |lines: &[u8]| LINES.lock().unwrap().extend_from_slice(lines);
        let lines = Lines::new("trace,passbridge=trace", Format::Json, keep).unwrap();
        tracing::subscriber::set_global_default(lines).unwrap();
    });
}

/// The access line of the request named `id`, once it is there.
async fn line(id: &str) -> Value {
    within(async {
        loop {
            let lines = String::from_utf8(LINES.lock().unwrap().clone()).unwrap();
            let access = |line: &Value| line["target"] == "passbridge::access" && line["request_id"] == id;
            if let Some(line) = lines.lines().map(|line| serde_json::from_str(line).unwrap()).find(access) {
                return line;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn access_log_has_method_path_and_status_without_values() {
    listen();
    let rig = start(&settings());
    let content = "hunter2-content";
    let head = "POST /echo?token=hunter2-query HTTP/1.1\r\nhost: a\r\nauthorization: Bearer hunter2-field\r\n";
    rig.ask(&format!("{head}x-request-id: line-1\r\ncontent-length: {}\r\n\r\n{content}", content.len())).await;
    let line = line("line-1").await;
    assert_eq!(line["level"], "INFO");
    assert_eq!((&line["method"], &line["path"], &line["status"]), (&"POST".into(), &"/echo".into(), &200.into()));
    assert!(line["milliseconds"].is_f64());
    assert!(!line.to_string().contains("hunter2"), "{line}");
    let ours = String::from_utf8(LINES.lock().unwrap().clone()).unwrap();
    let ours = ours.lines().filter(|line| line.contains("\"target\":\"passbridge"));
    assert!(ours.into_iter().all(|line| !line.contains("hunter2")));
}

#[tokio::test]
async fn access_log_names_the_route() {
    listen();
    let rig = start(&settings());
    rig.ask("GET /named HTTP/1.1\r\nhost: a\r\nx-request-id: line-2\r\n\r\n").await;
    let fields = line("line-2").await;
    assert_eq!(fields["route"], "ios_app login.begin");
    assert_eq!(fields["path"], Value::Null);
}

#[tokio::test]
async fn panic_and_disconnect_are_logged() {
    listen();
    let rig = start(&settings());
    rig.ask("GET /panic HTTP/1.1\r\nhost: a\r\nx-request-id: line-3\r\n\r\n").await;
    assert_eq!(line("line-3").await["status"], 500);

    let mut wire = rig.connect().await;
    wire.send("GET /wait HTTP/1.1\r\nhost: a\r\nx-request-id: line-4\r\n\r\n").await;
    rig.toy.arrival().await;
    drop(wire);
    let fields = line("line-4").await;
    assert_eq!((&fields["path"], &fields["status"]), (&"/wait".into(), &Value::Null));
}
