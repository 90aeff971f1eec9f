//! From a provider file to a provider, with everything that is wrong with it.
//!
//! Beside what the template compiler sees, this proves that nothing is lost in silence (every
//! member is in a message or in its `omits`) and that every fault can be written.

mod faults;
mod keys;
mod message;
mod operation;

use crate::canonical::operation::Operation;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, Table};
use crate::provider::descriptor::{Accepts, Provider};
use crate::provider::faults::FaultTable;
use crate::template::codec::Codec;
use crate::template::compile::Compiler;

const KEYS: &[&str] = &[
    "title",
    "bytes",
    "content_type",
    "accepts",
    "fields",
    "login",
    "registration",
    "signup",
    "credentials",
    "faults",
];

/// Compiles a provider file.
pub fn provider(id: &str, document: &Document) -> (Provider, Diagnostics) {
    let root = &document.root;
    let mut compiler =
        Compiler { source: document.source.clone(), bytes: Codec::Base64Url, diagnostics: Diagnostics::default() };
    keys::known(&mut compiler, root, KEYS);
    compiler.bytes = bytes(&mut compiler, root);
    let mut provider = Provider {
        id: id.to_owned(),
        title: keys::text(&mut compiler, root, "title").unwrap_or_else(|| id.to_owned()),
        content_type: keys::text(&mut compiler, root, "content_type").unwrap_or_else(|| "application/json".to_owned()),
        accepts: accepts(&mut compiler, root),
        fields: keys::table(&mut compiler, root, "fields").map_or_else(Vec::new, |fields| compiler.fields(fields, &[])),
        operations: operation::all(&mut compiler, root),
        faults: FaultTable::default(),
    };
    login(&mut compiler, &provider);
    provider.faults = faults::table(&mut compiler, root);
    faults::complete(&mut compiler, root, &provider);
    (provider, compiler.diagnostics)
}

fn bytes(compiler: &mut Compiler, root: &Table) -> Codec {
    let remedy = "write `bytes = \"base64url\"` (not padded) or `bytes = \"base64\"` (standard, padded)";
    match root.item("bytes") {
        None => compiler.error(&(0..0), "the provider does not say how it writes bytes", "in this file", remedy),
        Some(item) => match item.as_text().and_then(Codec::named) {
            Some(codec @ (Codec::Base64 | Codec::Base64Url)) => return codec,
            _ => compiler.error(&item.span, "this is no way of writing bytes", "this value", remedy),
        },
    }
    Codec::Base64Url
}

fn accepts(compiler: &mut Compiler, root: &Table) -> Accepts {
    match root.item("accepts").map(|item| (item, item.as_text())) {
        None | Some((_, Some("json"))) => Accepts::Json,
        Some((_, Some("any"))) => Accepts::Any,
        Some((item, _)) => {
            let remedy = "write \"json\", or \"any\" where the provider reads JSON whatever the Content-Type says";
            compiler.error(&item.span, "`accepts` is neither \"json\" nor \"any\"", "this value", remedy);
            Accepts::Json
        }
    }
}

/// A provider without a login is none; where the file has other mistakes they may be the reason.
fn login(compiler: &mut Compiler, provider: &Provider) {
    for needed in [Operation::LoginBegin, Operation::LoginFinish] {
        if !provider.operations.contains_key(&needed) && !compiler.diagnostics.has_errors() {
            let message = format!("the provider has no `{}`", needed.name());
            let remedy = format!("write `[{0}.request]` and `[{0}.response]`", needed.name());
            compiler.error(&(0..0), message, "in this file", remedy);
        }
    }
}
