//! Whole files, good and bad.

use super::*;

fn store() -> (tempfile::TempDir, HandleStore) {
    let place = tempfile::tempdir().unwrap();
    let store = HandleStore::open(&place.path().join("handles.db")).unwrap();
    (place, store)
}

fn read(store: &mut HandleStore, format: InputFormat, text: &str) -> Result<ImportSummary, Vec<(u64, String)>> {
    import(store, format, text.as_bytes(), |_| {}).map_err(|problem| match problem {
        ImportError::Lines { reported, .. } => reported.into_iter().map(|one| (one.line, one.message)).collect(),
        other => panic!("{other}"),
    })
}

fn reported(store: &mut HandleStore, format: InputFormat, text: &str) -> Vec<(u64, String)> {
    read(store, format, text).unwrap_err()
}

fn count(store: &mut HandleStore) -> i64 {
    store.write().unwrap().query_row("SELECT count(*) FROM passkeys", [], |row| row.get(0)).unwrap()
}

const CSV: &str = "upstream_handle,credential_id,rp_id,caller_handle\nYWRh,AQID,localhost,b2xk\nYm9i,-_8=,,\n";
const LINES: &str = r#"{"credential_id":"AQID","upstream_handle":"YWRh","caller_handle":"b2xk","rp_id":"localhost"}

{"credential_id":"+/8","upstream_handle":"Ym9i","caller_handle":"","rp_id":null}
"#;

#[test]
fn both_formats_import_the_same_passkeys() {
    for (format, text) in [(InputFormat::Csv, CSV), (InputFormat::JsonLines, LINES)] {
        let (_place, mut store) = store();
        assert_eq!(read(&mut store, format, text), Ok(ImportSummary { added: 2, known: 0 }));
        let ada = store.find(&[1, 2, 3]).unwrap().unwrap();
        assert_eq!((&*ada.upstream_handle, ada.caller_handle.as_deref()), (&b"ada"[..], Some(&b"old"[..])));
        assert!(!ada.is_pending);
        let bob = store.find(&[0xfb, 0xff]).unwrap().unwrap();
        assert_eq!((&*bob.upstream_handle, bob.caller_handle), (&b"bob"[..], None));
        assert_eq!(read(&mut store, format, text), Ok(ImportSummary { added: 0, known: 2 }), "again");
    }
}

#[test]
fn one_bad_line_prevents_the_import() {
    let (_place, mut store) = store();
    let long = "A".repeat(88);
    let text = format!(
        "credential_id,upstream_handle,caller_handle,rp_id\nAQID,YWRh,,\n,YWRh,,\nAQ,!,,\nAw,YWRh,{long},\n\
         BA,YWRh,,https://a.example\nAQID,YWRh,,\nBQ,YWRh,b2xk,\nBg,Ym9i,b2xk,\nBw,YWRh\n"
    );
    let expected = [
        (3, "has no `credential_id`"),
        (4, "has a `upstream_handle` that is not base64"),
        (5, "has a `caller_handle` that is not 1 to 64 bytes long"),
        (6, "has an `rp_id` that is not a domain"),
        (7, "has the same `credential_id` as line 2"),
        (9, "has the `caller_handle` of line 8 with another `upstream_handle`"),
        (10, "has the wrong number of columns: 2, but the header line has 4"),
    ];
    assert_eq!(reported(&mut store, InputFormat::Csv, &text), expected.map(|(line, text)| (line, text.to_owned())));
    let lines = "[]\n{\"credential_id\":7}\n{\"credentialId\":\"AQ\"}\n{\"credential_id\":\"AQ\"}\n";
    let expected = [
        (1, "is not a JSON object"),
        (2, "has a `credential_id` that is not a string"),
        (3, "has an unknown member `credentialId`"),
        (4, "has no `upstream_handle`"),
    ];
    assert_eq!(
        reported(&mut store, InputFormat::JsonLines, lines),
        expected.map(|(line, text)| (line, text.to_owned()))
    );
    assert_eq!(count(&mut store), 0);
}

#[test]
fn missing_or_unknown_column_is_reported_alone() {
    let (_place, mut store) = store();
    let expected = [(1, "has an unknown column `user_handle`"), (1, "has no column `upstream_handle`")];
    let found = reported(&mut store, InputFormat::Csv, "credential_id,user_handle\nAQ,\n");
    assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
}

#[test]
fn known_passkey_is_not_overwritten() {
    let (_place, mut store) = store();
    read(&mut store, InputFormat::Csv, CSV).unwrap();
    let text = "credential_id,upstream_handle,caller_handle\nCA,YWRh,b2xk\nAQID,Ym9i,\n-_8,Ym9i,bmV3\nCQ,Ym9i,b2xk\n";
    let expected = [
        (3, "has a passkey that another user has"),
        (4, "has a passkey that is known with another `caller_handle`"),
        (5, "has a `caller_handle` that another user has"),
    ];
    let lines: Vec<_> = reported(&mut store, InputFormat::Csv, text);
    // Line 5 also contradicts line 2 of the same file, which is reported first.
    assert_eq!(lines[..2], expected[..2].iter().map(|(line, text)| (*line, (*text).to_owned())).collect::<Vec<_>>());
    assert_eq!(lines[2].0, 5);
    let alone = reported(&mut store, InputFormat::Csv, "credential_id,upstream_handle,caller_handle\nCQ,Ym9i,b2xk\n");
    assert_eq!(alone, [(2, expected[2].1.to_owned())]);
    assert_eq!(count(&mut store), 2);
}

#[test]
fn import_confirms_a_pending_passkey() {
    let (_place, mut store) = store();
    let waiting = NewPasskey {
        key: Some(vec![0xa0]),
        ..line::passkey([Some("AQID".into()), Some("YWRh".into()), None, None]).unwrap()
    };
    store.claim(&waiting).unwrap();
    assert_eq!(read(&mut store, InputFormat::Csv, CSV), Ok(ImportSummary { added: 2, known: 0 }));
    assert!(!store.find(&[1, 2, 3]).unwrap().unwrap().is_pending);
}

#[test]
fn only_the_first_bad_lines_are_reported() {
    let (_place, mut store) = store();
    let text = format!("credential_id,upstream_handle\n{}", "!,!\n".repeat(30));
    match import(&mut store, InputFormat::Csv, text.as_bytes(), |_| {}) {
        Err(ImportError::Lines { reported, all }) => assert_eq!((reported.len(), all), (20, 30)),
        other => panic!("{other:?}"),
    }
}
