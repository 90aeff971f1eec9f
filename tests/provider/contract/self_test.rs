//! The suite finds examples, and its schema validation finds violations.

use crate::fixture;
use crate::schema::findings;

#[test]
fn examples_are_found() {
    assert!(fixture::all().len() > 100);
}

#[test]
fn schema_validation_rejects_bad_formats_and_embedded_json() {
    let mut message = fixture::one("quiva", "login.begin.request").object();
    assert_eq!(findings("quiva", "login.begin.request", &message), Vec::<String>::new());
    message["content"]["email"] = "nobody".into();
    assert_ne!(findings("quiva", "login.begin.request", &message), Vec::<String>::new(), "a format");

    let mut message = fixture::one("apifox", "login.finish.request").object();
    message["content"]["response"] = "{}".into();
    assert_ne!(findings("apifox", "login.finish.request", &message), Vec::<String>::new(), "JSON in a string");
}
