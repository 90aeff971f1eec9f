//! Maps out of an HTTP service. It is not asked before the first user is.

use ::http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use crate::identity::build::{Builder, both};
use crate::identity::http::{Lookup, Service};
use crate::identity::map::{Both, Direction, Source};
use crate::identity::names::{Asks, Columns};
use crate::identity::query::Query;

impl Builder<'_> {
    pub(super) fn http(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let url = self.settings.url.as_ref()?;
        let service = self.service();
        let forward = self.lookup("url", url, upstream);
        let back = self.settings.reverse.as_ref().map(|url| self.lookup("reverse", url, caller));
        let (forward, back) = both(forward, back)?;
        Some(Source::Http(Box::new(Both { source: service?, forward, back })))
    }

    fn lookup(&mut self, key: &str, url: &str, columns: &Columns) -> Option<Direction<Lookup>> {
        let address = self.parsed(key, Query::address(url))?;
        let asks = Asks::AllOf(address.members());
        match Lookup::at(address, columns, self.settings.timeout_ms.millis()) {
            Ok(query) => Some(Direction { query, asks, cache: self.cache() }),
            Err(problem) => {
                let message = format!("`{key}` cannot be asked: {problem}");
                self.error(key, message, "this address", "write it like `https://users.example.com/{user.id}`");
                None
            }
        }
    }

    fn service(&mut self) -> Option<Service> {
        let mut fields = Vec::new();
        for (name, reference) in &self.settings.fields {
            let key = format!("fields.{name}");
            let Ok(field) = name.parse::<HeaderName>() else {
                self.error(
                    key,
                    format!("`{name}` is no name of a header field"),
                    "this name",
                    "write one like `authorization`",
                );
                continue;
            };
            let value = reference.resolve(self.base);
            match value.as_ref().map(|secret| secret.expose_secret().parse::<HeaderValue>()) {
                Ok(Ok(value)) => fields.push((field, value)),
                Ok(Err(_)) => {
                    let message = format!("{reference} cannot stand in a header field");
                    self.error(key, message, "this reference", "write it in one line of visible letters");
                }
                Err(problem) => {
                    self.error(key, format!("`{name}` is missing: {problem}"), "this reference", reference.remedy());
                }
            }
        }
        (fields.len() == self.settings.fields.len()).then(|| Service::new(fields))
    }
}
