//! Findings about a file that a person wrote: what is wrong, where, and what to write instead.
//!
//! Their texts are part of the product. Each names the file, the line and the remedy, and none contains a secret.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// The text of a file, kept to show its lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path, as it was given.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The bytes that are never shown: secrets that should not be in the file.
    pub hidden: Vec<Range<usize>>,
    /// Where each line starts. Found once, because searching it for each of 10,000 findings takes seconds.
    line_starts: Vec<usize>,
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In a file, whose line is shown.
    Span(Arc<Source>, Range<usize>),
    /// A place without a line to show: a whole file, or an environment variable.
    Named(String),
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The gateway cannot serve.
    Error,
    /// A user may be unable to sign in, register or stay signed in, or data that clients read is missing.
    Warning,
    /// Everything else.
    Note,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// Where it is; `None` until [`Diagnostics::locate`] or a `Places` finds it.
    pub location: Option<Location>,
    /// The key that it is about, `routes.app.upstream`, where it is about one.
    pub key: Option<Box<str>>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What is at the location, in a few words.
    pub label: Box<str>,
    /// What to do.
    pub remedy: String,
}

impl Source {
    /// The text of the file with this name.
    pub fn new(name: String, text: String, hidden: Vec<Range<usize>>) -> Self {
        let after_newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let line_starts = [0].into_iter().chain(after_newlines).collect();
        Self { name, text, hidden, line_starts }
    }

    /// The text with one star for each hidden byte, so that positions do not move.
    fn shown(&self, lines: Range<usize>) -> Cow<'_, str> {
        let text = &self.text[lines.clone()];
        if self.hidden.is_empty() {
            return Cow::Borrowed(text);
        }
        let is_hidden = |at| self.hidden.iter().any(|hidden| hidden.contains(&at));
        let mut shown = String::with_capacity(text.len());
        for (at, letter) in text.char_indices() {
            match is_hidden(lines.start + at) && !letter.is_whitespace() {
                true => shown.extend(std::iter::repeat_n('*', letter.len_utf8())),
                false => shown.push(letter),
            }
        }
        Cow::Owned(shown)
    }

    /// The line of a byte, counted from 0.
    fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at) - 1
    }

    /// The whole lines that contain a span.
    fn lines(&self, span: &Range<usize>) -> Range<usize> {
        let end = self.line_starts.get(self.line(span.end) + 1);
        self.line_starts[self.line(span.start)]..end.copied().unwrap_or(self.text.len())
    }
}

impl Diagnostic {
    /// An error without a location.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            location: None,
            key: None,
            message: message.into(),
            label: Box::default(),
            remedy: String::new(),
        }
    }

    /// A warning without a location.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// A note.
    pub fn note(message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(message) }
    }

    /// Sets the location to a part of a file.
    #[must_use]
    pub fn at(self, source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { location: Some(Location::Span(source.clone(), span)), ..self }
    }

    /// Sets the location to a place without a line to show.
    #[must_use]
    pub fn of(self, place: impl Into<String>) -> Self {
        Self { location: Some(Location::Named(place.into())), ..self }
    }

    /// Sets the key that it is about.
    #[must_use]
    pub fn about(self, key: &str) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Sets the label of the location.
    #[must_use]
    pub fn label(self, label: impl Into<Box<str>>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// Sets the remedy.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }

    /// The file or other place, and in a file the line and the column, counted from 1.
    pub fn position(&self) -> Option<(&str, Option<(usize, usize)>)> {
        match self.location.as_ref()? {
            Location::Span(source, span) => {
                let line = source.line(span.start);
                let column = source.text[source.line_starts[line]..span.start].chars().count();
                Some((&source.name, Some((line + 1, column + 1))))
            }
            Location::Named(place) => Some((place, None)),
        }
    }

    fn show(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let title = level.primary_title(self.message.as_str());
        let mut group = match &self.location {
            Some(Location::Span(source, span)) => {
                let lines = source.lines(span);
                let annotation = AnnotationKind::Primary.span(span.start - lines.start..span.end - lines.start);
                let annotation = if self.label.is_empty() { annotation } else { annotation.label(&*self.label) };
                let snippet = Snippet::source(source.shown(lines)).line_start(source.line(span.start) + 1);
                title.element(snippet.path(source.name.as_str()).annotation(annotation))
            }
            Some(Location::Named(place)) => title.element(Origin::path(place.as_str())),
            None => Group::with_title(title),
        };
        if !self.remedy.is_empty() {
            group = group.element(Level::HELP.message(self.remedy.as_str()));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.show(&Renderer::plain()))
    }
}

/// Findings, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds the findings of another check.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.has(Severity::Error)
    }

    /// Whether any of them has this severity.
    pub fn has(&self, severity: Severity) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == severity)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Errors before warnings, and by place in the file within a file.
    pub fn sort(&mut self) {
        self.0.sort_by_cached_key(|diagnostic| {
            let place = diagnostic.location.as_ref().map(|location| match location {
                Location::Span(source, span) => (source.name.clone(), span.start),
                Location::Named(place) => (place.clone(), 0),
            });
            (diagnostic.severity, place)
        });
    }

    /// Removes all but the errors: a warning about a file with errors may follow from one of them.
    pub fn keep_errors(&mut self) {
        self.0.retain(|diagnostic| diagnostic.severity == Severity::Error);
    }

    /// Locates the findings that have no location yet.
    pub fn locate(&mut self, place: impl Fn(Diagnostic) -> Diagnostic) {
        let found = std::mem::take(&mut self.0).into_iter();
        self.0 = found
            .map(|diagnostic| if diagnostic.location.is_none() { place(diagnostic) } else { diagnostic })
            .collect();
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n\n")?;
            }
            diagnostic.fmt(formatter)?;
        }
        Ok(())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_shows_its_line_and_its_remedy() {
        let source = Arc::new(Source::new("gateway.toml".into(), "a = 1\nb = 2\n".into(), Vec::new()));
        let shown =
            Diagnostic::error("`b` is too small").at(&source, 10..11).label("here").remedy("write 3").to_string();
        insta::assert_snapshot!(shown, @r"
        error: `b` is too small
         --> gateway.toml:2:5
          |
        2 | b = 2
          |     ^ here
          |
          = help: write 3
        ");
    }

    #[test]
    fn hidden_bytes_are_shown_as_stars() {
        let text = "key = \"hünter2\"".to_owned();
        let source = Arc::new(Source::new("gateway.toml".into(), text, std::iter::once(7..15).collect()));
        let shown = Diagnostic::error("`key` is a literal").at(&source, 6..16).label("here").to_string();
        assert!(shown.contains("key = \"********\"") && !shown.contains("nter2"), "{shown}");
    }

    #[test]
    fn place_without_a_line_is_named() {
        let shown = Diagnostic::error("no route").of("gateway.toml").remedy("write one").to_string();
        insta::assert_snapshot!(shown, @r"
        error: no route
        --> gateway.toml
         = help: write one
        ");
    }
}
