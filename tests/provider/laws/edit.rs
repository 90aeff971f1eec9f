//! An example with one edit, and the places of its template where an edit is possible.

use passbridge::provider::template::content::{Entry, Node, Object};
use serde_json::Value;

use crate::fixture::{self, Fixture};
use crate::laws::arbitrary::Case;
use crate::wire;

/// The edit at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit<'e> {
    Remove,
    /// Also where there is no value, if the surrounding object exists.
    Replace(&'e Value),
    /// The name occurs twice, with the same value.
    Repeat,
    /// A member that no template has, in the object at that pointer.
    Add(&'e Value),
}

/// The example of a message.
pub(crate) fn example(case: Case) -> Fixture {
    fixture::one(&case.provider.id, &format!("{}.{}", case.operation.name(), case.direction.name()))
}

/// The example with an edit at a pointer of the template; `None` where the example has no such place.
pub(crate) fn edited(case: Case, pointer: &str, edit: Edit<'_>) -> Option<Fixture> {
    edited_of(&example(case), pointer, edit)
}

/// The same of any message.
pub(crate) fn edited_of(example: &Fixture, pointer: &str, edit: Edit<'_>) -> Option<Fixture> {
    let content: Value = serde_json::from_str(&example.content).ok()?;
    let mut renderer = Renderer { pointer: pointer.replace("/*", "/0"), edit, done: false };
    let content = renderer.value(&content, "");
    renderer.done.then(|| Fixture { content, ..example.clone() })
}

/// Every entry of the content's template, including those of list elements and of JSON in a string.
pub(crate) fn entries(case: Case) -> Vec<&'static Entry> {
    let message = wire::template(case.provider, case.operation).message(case.direction);
    let mut entries = Vec::new();
    if let Some(content) = &message.content {
        collect(content, &mut entries);
    }
    entries
}

/// The pointers of every object of the template.
pub(crate) fn objects(case: Case) -> Vec<String> {
    let inner = entries(case).into_iter().filter_map(|entry| match &entry.node {
        Node::Object(_) | Node::JsonText(_) => Some(entry.pointer.clone()),
        Node::List(_) => Some(format!("{}/*", entry.pointer)),
        Node::Placeholder(_) | Node::Constant(_) => None,
    });
    [String::new()].into_iter().chain(inner).collect()
}

/// Whether the message is also decoded in other forms.
pub(crate) fn has_other_forms(case: Case) -> bool {
    !wire::template(case.provider, case.operation).message(case.direction).also.is_empty()
}

fn collect(object: &'static Object, entries: &mut Vec<&'static Entry>) {
    for entry in &object.entries {
        entries.push(entry);
        match &entry.node {
            Node::Object(inner) | Node::JsonText(inner) => collect(inner, entries),
            Node::List(list) => collect(&list.item, entries),
            Node::Placeholder(_) | Node::Constant(_) => {}
        }
    }
}

struct Renderer<'e> {
    pointer: String,
    edit: Edit<'e>,
    done: bool,
}

impl Renderer<'_> {
    fn value(&mut self, value: &Value, at: &str) -> String {
        match value {
            Value::Object(object) => {
                let mut entries: Vec<String> =
                    object.iter().flat_map(|(name, value)| self.entry(name, value, at)).collect();
                match (self.edit, self.pointer.rsplit_once('/')) {
                    (Edit::Add(new), _) if self.pointer == at => {
                        self.done = true;
                        entries.push(format!("\"zz-unknown\":{new}"));
                    }
                    (Edit::Replace(new), Some((parent, name))) if parent == at && !object.contains_key(name) => {
                        self.done = true;
                        entries.push(format!("\"{name}\":{new}"));
                    }
                    _ => {}
                }
                format!("{{{}}}", entries.join(","))
            }
            Value::Array(elements) => {
                let elements = elements.iter().enumerate();
                let rendered: Vec<_> =
                    elements.map(|(index, element)| self.value(element, &format!("{at}/{index}"))).collect();
                format!("[{}]", rendered.join(","))
            }
            Value::String(text) if self.is_in(at) => {
                let inner = serde_json::from_str(text).unwrap();
                Value::String(self.value(&inner, at)).to_string()
            }
            other => other.to_string(),
        }
    }

    fn entry(&mut self, name: &str, value: &Value, at: &str) -> Vec<String> {
        let here = format!("{at}/{name}");
        if here != self.pointer || matches!(self.edit, Edit::Add(_)) {
            return vec![format!("{:?}:{}", name, self.value(value, &here))];
        }
        self.done = true;
        match self.edit {
            Edit::Remove => Vec::new(),
            Edit::Replace(new) => vec![format!("{name:?}:{new}")],
            Edit::Repeat => vec![format!("{name:?}:{value}"), format!("{name:?}:{value}")],
            Edit::Add(_) => unreachable!("it was handled above"),
        }
    }

    /// Whether the edit is inside JSON in a string.
    fn is_in(&self, at: &str) -> bool {
        let rest = self.pointer.strip_prefix(at);
        rest.is_some_and(|rest| rest.starts_with('/') || (rest.is_empty() && matches!(self.edit, Edit::Add(_))))
    }
}
