//! Whole files, good and bad.

use super::*;

fn book() -> (tempfile::TempDir, HandleStore) {
    let place = tempfile::tempdir().unwrap();
    let book = HandleStore::open(&place.path().join("handles.db")).unwrap();
    (place, book)
}

fn read(book: &mut HandleStore, form: Form, text: &str) -> Result<Imported, Vec<(u64, String)>> {
    import(book, form, text.as_bytes(), |_| {}).map_err(|problem| match problem {
        NotImported::Lines { told, .. } => told.into_iter().map(|one| (one.line, one.message)).collect(),
        other => panic!("{other}"),
    })
}

fn told(book: &mut HandleStore, form: Form, text: &str) -> Vec<(u64, String)> {
    read(book, form, text).unwrap_err()
}

fn count(book: &mut HandleStore) -> i64 {
    book.write().unwrap().query_row("SELECT count(*) FROM passkeys", [], |row| row.get(0)).unwrap()
}

const CSV: &str = "upstream_handle,credential_id,rp_id,caller_handle\nYWRh,AQID,localhost,b2xk\nYm9i,-_8=,,\n";
const LINES: &str = r#"{"credential_id":"AQID","upstream_handle":"YWRh","caller_handle":"b2xk","rp_id":"localhost"}

{"credential_id":"+/8","upstream_handle":"Ym9i","caller_handle":"","rp_id":null}
"#;

#[test]
fn both_forms_say_the_same() {
    for (form, text) in [(Form::Csv, CSV), (Form::JsonLines, LINES)] {
        let (_place, mut book) = book();
        assert_eq!(read(&mut book, form, text), Ok(Imported { added: 2, known: 0 }));
        let ada = book.find(&[1, 2, 3]).unwrap().unwrap();
        assert_eq!((&*ada.upstream_handle, ada.caller_handle.as_deref()), (&b"ada"[..], Some(&b"old"[..])));
        assert!(!ada.is_pending);
        let bob = book.find(&[0xfb, 0xff]).unwrap().unwrap();
        assert_eq!((&*bob.upstream_handle, bob.caller_handle), (&b"bob"[..], None));
        assert_eq!(read(&mut book, form, text), Ok(Imported { added: 0, known: 2 }), "again");
    }
}

#[test]
fn one_bad_line_and_nothing_is_written() {
    let (_place, mut book) = book();
    let long = "A".repeat(88);
    let text = format!(
        "credential_id,upstream_handle,caller_handle,rp_id\nAQID,YWRh,,\n,YWRh,,\nAQ,!,,\nAw,YWRh,{long},\n\
         BA,YWRh,,https://a.example\nAQID,YWRh,,\nBQ,YWRh,b2xk,\nBg,Ym9i,b2xk,\nBw,YWRh\n"
    );
    let expected = [
        (3, "has no `credential_id`"),
        (4, "has a `upstream_handle` that is not base64"),
        (5, "has a `caller_handle` that is not 1 to 64 bytes long"),
        (6, "has an `rp_id` that is no domain"),
        (7, "has the same `credential_id` as line 2"),
        (9, "has the `caller_handle` of line 8, and another `upstream_handle`"),
        (10, "has 2 columns, and the first line has 4"),
    ];
    assert_eq!(told(&mut book, Form::Csv, &text), expected.map(|(line, text)| (line, text.to_owned())));
    let lines = "[]\n{\"credential_id\":7}\n{\"credentialId\":\"AQ\"}\n{\"credential_id\":\"AQ\"}\n";
    let expected = [
        (1, "is no JSON object"),
        (2, "has a `credential_id` that is no text"),
        (3, "has an unknown member `credentialId`"),
        (4, "has no `upstream_handle`"),
    ];
    assert_eq!(told(&mut book, Form::JsonLines, lines), expected.map(|(line, text)| (line, text.to_owned())));
    assert_eq!(count(&mut book), 0);
}

#[test]
fn a_column_that_is_missing_or_mistyped_is_told_before_any_line() {
    let (_place, mut book) = book();
    let expected = [(1, "has an unknown column `user_handle`"), (1, "has no column `upstream_handle`")];
    let found = told(&mut book, Form::Csv, "credential_id,user_handle\nAQ,\n");
    assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
}

#[test]
fn what_is_known_is_not_written_over() {
    let (_place, mut book) = book();
    read(&mut book, Form::Csv, CSV).unwrap();
    let text = "credential_id,upstream_handle,caller_handle\nCA,YWRh,b2xk\nAQID,Ym9i,\n-_8,Ym9i,bmV3\nCQ,Ym9i,b2xk\n";
    let expected = [
        (3, "gives a passkey that is known as another user's"),
        (4, "gives a passkey that is known with another `caller_handle`"),
        (5, "gives a `caller_handle` that is known as another user's"),
    ];
    let lines: Vec<_> = told(&mut book, Form::Csv, text);
    // Line 5 also disagrees with line 2 of its own file, which is told first.
    assert_eq!(lines[..2], expected[..2].iter().map(|(line, text)| (*line, (*text).to_owned())).collect::<Vec<_>>());
    assert_eq!(lines[2].0, 5);
    let alone = told(&mut book, Form::Csv, "credential_id,upstream_handle,caller_handle\nCQ,Ym9i,b2xk\n");
    assert_eq!(alone, [(2, expected[2].1.to_owned())]);
    assert_eq!(count(&mut book), 2);
}

#[test]
fn an_import_confirms_what_was_pending() {
    let (_place, mut book) = book();
    let waiting = NewPasskey {
        key: Some(vec![0xa0]),
        ..line::passkey([Some("AQID".into()), Some("YWRh".into()), None, None]).unwrap()
    };
    book.claim(&waiting).unwrap();
    assert_eq!(read(&mut book, Form::Csv, CSV), Ok(Imported { added: 2, known: 0 }));
    assert!(!book.find(&[1, 2, 3]).unwrap().unwrap().is_pending);
}

#[test]
fn of_many_bad_lines_the_first_are_told() {
    let (_place, mut book) = book();
    let text = format!("credential_id,upstream_handle\n{}", "!,!\n".repeat(30));
    match import(&mut book, Form::Csv, text.as_bytes(), |_| {}) {
        Err(NotImported::Lines { told, all }) => assert_eq!((told.len(), all), (20, 30)),
        other => panic!("{other:?}"),
    }
}
