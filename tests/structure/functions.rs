//! The lengths and names of functions, by their syntax trees.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use crate::none;
use crate::text::rust_files;

/// From the line of `fn` to the line of the closing brace.
const MAX_LINES: usize = 70;

struct Reader<'a> {
    file: &'a str,
    long: &'a mut Vec<String>,
    misnamed: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn function(&mut self, signature: &Signature, body: Option<&Block>) {
        let first = signature.span().start().line;
        let name = &signature.ident;
        let last = |span: Span| span.end().line;
        let lines = body.map_or(1, |body| last(body.span()) - first + 1);
        if lines > MAX_LINES {
            self.long.push(format!("{}:{first}: `{name}` has {lines} lines", self.file));
        }
        if name.to_string().starts_with("get_") {
            self.misnamed.push(format!("{}:{first}: `{name}`", self.file));
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.sig, Some(&function.block));
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.function(&function.sig, Some(&function.block));
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        self.function(&function.sig, function.default.as_ref());
        visit::visit_trait_item_fn(self, function);
    }
}

/// One test, because each test is a process of its own and would parse every file again.
#[test]
fn functions_are_short_and_named_after_what_they_return() {
    let (mut long, mut misnamed) = (Vec::new(), Vec::new());
    for (file, text) in rust_files() {
        let mut reader = Reader { file: &file, long: &mut long, misnamed: &mut misnamed };
        reader.visit_file(&syn::parse_file(&text).unwrap());
    }
    none(&format!("a function has at most {MAX_LINES} lines"), &long);
    none("a function is named after what it returns, without `get_`", &misnamed);
}
