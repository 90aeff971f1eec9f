//! An HTTP service that is queried for one user at a time.
//!
//! Each query is a GET with limits of time and size. A 404 means that the user is unknown; any other response than
//! a 200 with a JSON object is a failure.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::ceremony::Subject;
use crate::identity::file::text_of;
use crate::identity::names::Columns;
use crate::identity::query::Query;
use crate::upstream::fetch::{FetchFailure, InvalidDocumentUrl, RemoteDocument};

/// The maximum size of a response.
const MAX_BYTES: usize = 64 * 1024;
/// The maximum number of concurrent queries.
const MAX_CONCURRENT: usize = 64;

/// The service.
#[derive(Debug)]
pub(super) struct Service {
    fields: HeaderMap,
    permits: Semaphore,
}

/// The query of one direction.
#[derive(Debug)]
pub(super) struct Lookup {
    address: Query,
    origin: RemoteDocument,
    columns: Columns,
}

impl Lookup {
    /// Checks an address with placeholders for names.
    ///
    /// # Errors
    /// See [`InvalidDocumentUrl`].
    pub(super) fn at(address: Query, columns: &Columns, timeout: Duration) -> Result<Self, InvalidDocumentUrl> {
        let user = Subject { id: Some("x".into()), email: Some("x".into()) };
        let example = address.filled(&user).ok_or(InvalidDocumentUrl::NotAUrl)?;
        let origin = RemoteDocument::at(&example, timeout, MAX_BYTES)?;
        Ok(Self { address, origin, columns: columns.clone() })
    }
}

impl Service {
    /// A service that gets these secret header fields.
    pub(super) fn new(fields: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        let secret = |(name, mut value): (HeaderName, HeaderValue)| {
            value.set_sensitive(true);
            (name, value)
        };
        Self { fields: fields.into_iter().map(secret).collect(), permits: Semaphore::new(MAX_CONCURRENT) }
    }

    /// Looks up a user.
    ///
    /// # Errors
    /// Why there is no result.
    pub(super) async fn find(&self, lookup: &Lookup, user: &Subject) -> Result<Option<Subject>, String> {
        let Some(address) = lookup.address.filled(user) else { return Ok(None) };
        let _permit = self.permits.try_acquire().map_err(|_| "too many queries are in progress".to_owned())?;
        let content = match lookup.origin.fetch_same_origin(&address, &self.fields).await {
            Ok(content) => content,
            Err(FetchFailure::Status(StatusCode::NOT_FOUND)) => return Ok(None),
            Err(failure) => return Err(failure.to_string()),
        };
        let object: Map<String, Value> =
            serde_json::from_slice(&content).map_err(|_| "the response is not a JSON object".to_owned())?;
        let object = Value::Object(object);
        lookup.columns.subject(|_, column| {
            let value = match column.starts_with('/') {
                true => object.pointer(column),
                false => object.get(column),
            };
            text_of(value, column).map_err(|problem| format!("the response {problem}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use crate::model::member::Member;

    use super::*;

    /// The result of one response, and the request.
    async fn query(status: &str, content: &str) -> (Result<Option<Subject>, String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/users/{{user.id}}", listener.local_addr().unwrap());
        let columns = Columns(vec![(Member::UserId, "/data/id".to_owned()), (Member::UserEmail, "mail".to_owned())]);
        let lookup = Lookup::at(Query::address(&address).unwrap(), &columns, Duration::from_secs(5)).unwrap();
        let response =
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{content}", content.len());
        let served = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = connection.read(&mut request).await.unwrap();
            connection.write_all(response.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let key = (HeaderName::from_static("authorization"), HeaderValue::from_static("Bearer a-key"));
        let user = Subject { id: Some("a/b".into()), email: None };
        let found = Service::new([key]).find(&lookup, &user).await;
        (found, served.await.unwrap())
    }

    #[tokio::test]
    async fn object_is_a_user_and_404_is_unknown() {
        let (found, request) = query("200 OK", r#"{"data":{"id":7},"mail":null}"#).await;
        assert_eq!(found, Ok(Some(Subject { id: Some("7".into()), email: None })));
        assert!(request.starts_with("GET /users/a%2Fb HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer a-key\r\n"), "{request}");
        assert_eq!(query("404 Not Found", "").await.0, Ok(None));
        assert_eq!(query("200 OK", r#"{"other":1}"#).await.0, Ok(None));
    }

    #[tokio::test]
    async fn other_responses_are_failures() {
        for (status, content, problem) in [
            ("500 Oh", "", "the response has status 500 Internal Server Error"),
            ("302 Found\r\nlocation: /users/other", "{}", "the response has status 302 Found"),
            ("200 OK", "<html>", "the response is not a JSON object"),
            ("200 OK", "[]", "the response is not a JSON object"),
            ("200 OK", r#"{"mail":true}"#, "the response has a value in `mail` that is not a string"),
        ] {
            assert_eq!(query(status, content).await.0, Err(problem.to_owned()), "{status} {content}");
        }
    }
}
