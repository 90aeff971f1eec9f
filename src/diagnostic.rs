//! What is wrong with a file somebody wrote: where, what, and what to do about it.
//!
//! Texts are part of the product: each names the file, the line and the remedy, and no secret.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A file that was read, kept for showing its lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The name shown: the path as it was given.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It stands in the way.
    Error,
    /// It works, and may surprise.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The file and the bytes in it; `None` for what stands in no file (the environment).
    pub location: Option<(Arc<Source>, Range<usize>)>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What stands at the location, in a few words.
    pub label: String,
    /// What to do.
    pub remedy: String,
}

impl Diagnostic {
    /// An error without a place; see [`Diagnostic::at`].
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            location: None,
            message: message.into(),
            label: String::new(),
            remedy: String::new(),
        }
    }

    /// A warning without a place; see [`Diagnostic::at`].
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// The same, at a place in a file.
    #[must_use]
    pub fn at(self, source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { location: Some((source.clone(), span)), ..self }
    }

    /// The same, with words for the place.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }

    fn show(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.message.as_str());
        let mut group = match &self.location {
            Some((source, span)) => {
                let annotation = AnnotationKind::Primary.span(span.clone());
                let annotation = if self.label.is_empty() { annotation } else { annotation.label(self.label.as_str()) };
                title.element(Snippet::source(source.text.as_str()).path(source.name.as_str()).annotation(annotation))
            }
            None => annotate_snippets::Group::with_title(title),
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

/// Everything that was found, in the order it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds what another pass found.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether nothing was found.
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
            let place = diagnostic.location.as_ref().map(|(source, span)| (source.name.clone(), span.start));
            (diagnostic.severity, place)
        });
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

/// The known name that a mistyped one most likely meant, if one is near enough.
pub(crate) fn nearest<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    known
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be changed, added or dropped to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, left) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in other.chars().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_shows_its_line_and_its_remedy() {
        let source = Arc::new(Source { name: "gateway.toml".into(), text: "a = 1\nb = 2\n".into() });
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
    fn a_mistyped_name_finds_the_one_that_was_meant() {
        assert_eq!(nearest("timeuot", ["timeout", "database"]), Some("timeout"));
        assert_eq!(nearest("zebra", ["timeout", "database"]), None);
    }
}
