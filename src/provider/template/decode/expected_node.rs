//! The node of the template that a JSON value belongs to.

use crate::provider::template::content::{Constant, EmbeddedPlaceholder, List, Node, Object};

/// The node that the value belongs to.
#[derive(Clone, Copy)]
pub(super) enum ExpectedNode<'t> {
    Object(&'t Object),
    JsonText(&'t Object),
    List(&'t List),
    Placeholder(&'t EmbeddedPlaceholder),
    Constant(&'t Constant),
}

impl<'t> ExpectedNode<'t> {
    pub(super) fn of(node: &'t Node) -> Self {
        match node {
            Node::Object(object) => Self::Object(object),
            Node::JsonText(object) => Self::JsonText(object),
            Node::List(list) => Self::List(list),
            Node::Placeholder(placeholder) => Self::Placeholder(placeholder),
            Node::Constant(constant) => Self::Constant(constant),
        }
    }

    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Object(_) => "an object",
            Self::JsonText(_) => "a string of JSON",
            Self::List(_) => "an array",
            Self::Placeholder(embedded) => embedded.placeholder.member.kind().noun(),
            Self::Constant(_) => "a constant",
        }
    }
}
