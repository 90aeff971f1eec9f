//! Maps from an HTTP service, which is not queried at startup.

use ::http::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;

use crate::identity::build::{Builder, both};
use crate::identity::http::{Lookup, Service};
use crate::identity::map::{CachedQuery, QuerySource, Source};
use crate::identity::names::{Columns, RequiredNames};
use crate::identity::query::Query;

impl Builder<'_> {
    pub(super) fn http(&mut self, caller: &Columns, upstream: &Columns) -> Option<Source> {
        let url = self.settings.url.as_ref()?;
        let service = self.service();
        let forward = self.lookup("url", url, upstream);
        let back = self.settings.reverse.as_ref().map(|url| self.lookup("reverse", url, caller));
        let (forward, back) = both(forward, back)?;
        Some(Source::Http(Box::new(QuerySource { source: service?, forward, back })))
    }

    fn lookup(&mut self, key: &str, url: &str, columns: &Columns) -> Option<CachedQuery<Lookup>> {
        let address = self.parsed(key, Query::address(url))?;
        let required = RequiredNames::AllOf(address.members());
        match Lookup::at(address, columns, self.settings.timeout_ms.millis()) {
            Ok(query) => Some(CachedQuery { query, required, cache: self.cache() }),
            Err(problem) => {
                let message = format!("`{key}` is not valid: {problem}");
                self.error(key, message, "this address", "for example: `https://users.example.com/{user.id}`");
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
                    format!("`{name}` is not a valid header field name"),
                    "this name",
                    "write one like `authorization`",
                );
                continue;
            };
            let value = reference.resolve(self.base);
            match value.as_ref().map(|secret| secret.expose_secret().parse::<HeaderValue>()) {
                Ok(Ok(value)) => fields.push((field, value)),
                Ok(Err(_)) => {
                    let message = format!("{reference} is not a valid header field value");
                    self.error(key, message, "this reference", "write it in one line of visible ASCII characters");
                }
                Err(problem) => {
                    self.error(
                        key,
                        format!("the secret for `{name}` cannot be read: {problem}"),
                        "this reference",
                        reference.remedy(),
                    );
                }
            }
        }
        (fields.len() == self.settings.fields.len()).then(|| Service::new(fields))
    }
}
