//! An HTTP service that answers for one user at a time.
//!
//! One GET, within its time and size, and no more of them at once than [`AT_ONCE`]. A 404 is a user it
//! does not know; whatever else is no plain 200 with a JSON object is no answer.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::ceremony::Subject;
use crate::identity::file::text_of;
use crate::identity::names::Columns;
use crate::identity::query::Query;
use crate::upstream::fetch::{FetchFailure, InvalidDocumentUrl, RemoteDocument};

/// How long an answer may be, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// How many questions are under way at once.
const AT_ONCE: usize = 64;

/// The service.
#[derive(Debug)]
pub(super) struct Service {
    fields: HeaderMap,
    places: Semaphore,
}

/// One direction of it.
#[derive(Debug)]
pub(super) struct Lookup {
    address: Query,
    origin: RemoteDocument,
    columns: Columns,
}

impl Lookup {
    /// Checks an address whose holes hold names.
    ///
    /// # Errors
    /// See [`InvalidDocumentUrl`].
    pub(super) fn at(address: Query, columns: &Columns, timeout: Duration) -> Result<Self, InvalidDocumentUrl> {
        let nobody = Subject { id: Some("x".into()), email: Some("x".into()) };
        let example = address.filled(&nobody).ok_or(InvalidDocumentUrl::NotAUrl)?;
        let origin = RemoteDocument::at(&example, timeout, MAX_BYTES)?;
        Ok(Self { address, origin, columns: columns.clone() })
    }
}

impl Service {
    /// A service that is asked with these header fields, which are secret.
    pub(super) fn new(fields: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        let secret = |(name, mut value): (HeaderName, HeaderValue)| {
            value.set_sensitive(true);
            (name, value)
        };
        Self { fields: fields.into_iter().map(secret).collect(), places: Semaphore::new(AT_ONCE) }
    }

    /// Asks.
    ///
    /// # Errors
    /// A sentence, where there is no answer.
    pub(super) async fn find(&self, lookup: &Lookup, asked: &Subject) -> Result<Option<Subject>, String> {
        let Some(address) = lookup.address.filled(asked) else { return Ok(None) };
        let _place = self.places.try_acquire().map_err(|_| "too many questions are under way".to_owned())?;
        let content = match lookup.origin.fetch_same_origin(&address, &self.fields).await {
            Ok(content) => content,
            Err(FetchFailure::Status(StatusCode::NOT_FOUND)) => return Ok(None),
            Err(failure) => return Err(failure.to_string()),
        };
        let object: Map<String, Value> =
            serde_json::from_slice(&content).map_err(|_| "its answer is no JSON object".to_owned())?;
        let object = Value::Object(object);
        lookup.columns.subject(|_, column| {
            let value = match column.starts_with('/') {
                true => object.pointer(column),
                false => object.get(column),
            };
            text_of(value, column).map_err(|problem| format!("its answer {problem}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use crate::model::member::Member;

    use super::*;

    /// What comes of one answer, and what was asked.
    async fn asked(status: &str, content: &str) -> (Result<Option<Subject>, String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/users/{{user.id}}", listener.local_addr().unwrap());
        let columns = Columns(vec![(Member::UserId, "/data/id".to_owned()), (Member::UserEmail, "mail".to_owned())]);
        let lookup = Lookup::at(Query::address(&address).unwrap(), &columns, Duration::from_secs(5)).unwrap();
        let answer =
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{content}", content.len());
        let served = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = connection.read(&mut asked).await.unwrap();
            connection.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        let key = (HeaderName::from_static("authorization"), HeaderValue::from_static("Bearer a-key"));
        let user = Subject { id: Some("a/b".into()), email: None };
        let found = Service::new([key]).find(&lookup, &user).await;
        (found, served.await.unwrap())
    }

    #[tokio::test]
    async fn an_object_names_a_user_and_a_404_nobody() {
        let (found, question) = asked("200 OK", r#"{"data":{"id":7},"mail":null}"#).await;
        assert_eq!(found, Ok(Some(Subject { id: Some("7".into()), email: None })));
        assert!(question.starts_with("GET /users/a%2Fb HTTP/1.1\r\n"), "{question}");
        assert!(question.contains("authorization: Bearer a-key\r\n"), "{question}");
        assert_eq!(asked("404 Not Found", "").await.0, Ok(None));
        assert_eq!(asked("200 OK", r#"{"other":1}"#).await.0, Ok(None));
    }

    #[tokio::test]
    async fn whatever_else_is_no_answer() {
        for (status, content, told) in [
            ("500 Oh", "", "the answer has status 500 Internal Server Error"),
            ("302 Found\r\nlocation: /users/other", "{}", "the answer has status 302 Found"),
            ("200 OK", "<html>", "its answer is no JSON object"),
            ("200 OK", "[]", "its answer is no JSON object"),
            ("200 OK", r#"{"mail":true}"#, "its answer has a value in `mail` that is no text"),
        ] {
            assert_eq!(asked(status, content).await.0, Err(told.to_owned()), "{status} {content}");
        }
    }
}
