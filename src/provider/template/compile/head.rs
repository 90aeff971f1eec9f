//! Templates of the head: paths, query parameters and header fields.

use std::ops::Range;

use http::{HeaderName, HeaderValue};

use crate::base::document::{Entry, Item, Table};
use crate::model::member::Member;
use crate::model::value::ValueKind;
use crate::provider::template::compile::Compiler;
use crate::provider::template::head::{NamedPattern, Path};
use crate::provider::template::placeholder::{Pattern, Placeholder};

impl Compiler {
    /// Header fields; their names in lower case.
    pub fn fields(&mut self, table: &Table, members: &'static [Member]) -> Vec<NamedPattern> {
        let mut fields = Vec::new();
        for entry in &table.entries {
            if HeaderName::from_bytes(entry.key.as_bytes()).is_err() {
                let message = format!("`{}` is not a valid header field name", entry.key);
                self.error(&entry.key_span, message, "this name", "use letters, digits and hyphens");
                continue;
            }
            let Some(mut field) = self.named(entry, "header field", members) else { continue };
            if let Pattern::Constant(text) = &field.pattern
                && HeaderValue::from_str(text).is_err()
            {
                let remedy = "use visible ASCII characters";
                self.error(&entry.item.span, "this is not a valid header field value", "this value", remedy);
                continue;
            }
            field.name.make_ascii_lowercase();
            fields.push(field);
        }
        fields
    }

    /// Query parameters.
    pub fn parameters(&mut self, table: &Table, members: &'static [Member]) -> Vec<NamedPattern> {
        table.entries.iter().filter_map(|entry| self.named(entry, "query parameter", members)).collect()
    }

    fn named(&mut self, entry: &Entry, what: &str, members: &'static [Member]) -> Option<NamedPattern> {
        let Some(text) = entry.item.as_text() else {
            let message = format!("a {what} must be a string");
            self.error(&entry.item.span, message, entry.item.noun(), "write it in quotes");
            return None;
        };
        let pattern = self.pattern(text, &entry.item.span, members)?;
        self.holds_text(&pattern, &entry.item.span, what)?;
        Some(NamedPattern { name: entry.key.clone(), pattern })
    }

    /// A path. Its segments are percent-encoded when it is written.
    pub fn path(&mut self, item: &Item, members: &'static [Member]) -> Option<Path> {
        let Some(rest) = item.as_text().and_then(|text| text.strip_prefix('/')) else {
            let message = "a path must be a string that begins with `/`";
            self.error(&item.span, message, "this value", "write `path = \"/...\"`");
            return None;
        };
        if rest.contains(['%', '?', '#']) {
            let remedy = "write the decoded characters; query parameters go into `query`";
            self.error(&item.span, "a path must not contain `%`, `?` or `#`", "this value", remedy);
            return None;
        }
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            let pattern = self.pattern(segment, &item.span, members)?;
            self.holds_text(&pattern, &item.span, "path")?;
            segments.push(pattern);
        }
        Some(Path::new(segments))
    }

    fn holds_text(&mut self, pattern: &Pattern, span: &Range<usize>, what: &str) -> Option<()> {
        match pattern.placeholder() {
            Some(Placeholder { member, .. })
                if matches!(member.kind(), ValueKind::List | ValueKind::Json | ValueKind::Texts) =>
            {
                let noun = member.kind().noun();
                let message = format!("`{}` is {noun} and cannot be part of a {what}", member.name());
                self.error(span, message, "this placeholder", "move it into the content");
                None
            }
            _ => Some(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base::diagnostic::Diagnostics;
    use crate::base::document::Document;
    use crate::model::operation::{Direction, Operation};
    use crate::provider::template::codec::Codec;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        let document = Document::parse("x.toml", text).unwrap();
        let members = Operation::RegistrationFinish.members(Direction::Request);
        let mut compiler =
            Compiler { source: document.source.clone(), bytes: Codec::Base64Url, diagnostics: Diagnostics::default() };
        for entry in &document.root.entries {
            match (entry.key.as_str(), entry.item.as_table()) {
                ("path", _) => drop(compiler.path(&entry.item, members)),
                ("fields", Some(table)) => drop(compiler.fields(table, members)),
                (_, Some(table)) => drop(compiler.parameters(table, members)),
                _ => unreachable!("the cases below have nothing else"),
            }
        }
        compiler.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect()
    }

    #[test]
    fn every_error_is_found() {
        for (text, message) in [
            ("path = 'x'", "a path must be a string that begins with `/`"),
            ("path = '/a%20b'", "a path must not contain `%`, `?` or `#`"),
            ("path = '/{nobody}'", "unknown member `nobody`"),
            (
                "path = '/{credential.transports}'",
                "`credential.transports` is a list of strings and cannot be part of a path",
            ),
            ("fields = { 'a b' = 'x' }", "`a b` is not a valid header field name"),
            ("fields = { a = \"x\\n\" }", "this is not a valid header field value"),
            ("fields = { a = 1 }", "a header field must be a string"),
            (
                "query = { a = '{credential.extension_results}' }",
                "`credential.extension_results` is a JSON object and cannot be part of a query parameter",
            ),
        ] {
            assert_eq!(found(text), [message], "{text}");
        }
        assert_eq!(
            found(
                "path = '/a|b/{credential.id}'\nfields = { A = 'Bearer {user.token!}' }\nquery = { n = '{user.id}' }"
            ),
            Vec::<String>::new()
        );
    }
}
