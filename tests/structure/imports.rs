//! What each file of `src/` imports, by its syntax tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, UseTree};

/// A file of the program.
pub(crate) struct Source {
    /// From the root of the repository.
    pub(crate) file: String,
    /// Its module path without `crate`.
    pub(crate) path: Vec<String>,
    pub(crate) imports: Vec<Import>,
    /// The first segments of all other paths, with their lines.
    pub(crate) crates: BTreeSet<(String, usize)>,
    /// Lines with code.
    pub(crate) lines: usize,
}

/// An item of this crate that a file names.
pub(crate) struct Import {
    /// Its path without `crate`.
    pub(crate) path: Vec<String>,
    /// The module path of the file that has it.
    pub(crate) file: Option<Vec<String>>,
    pub(crate) line: usize,
}

impl Source {
    pub(crate) fn module(&self) -> &str {
        &self.path[0]
    }
}

/// Every file below `src/` but `lib.rs`, `main.rs` and those compiled only for tests.
pub(crate) fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    crate::text::walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let parsed: Vec<_> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| {
            let text = fs::read_to_string(file).unwrap();
            let file = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap();
            (file.to_owned(), module_path(file), syn::parse_file(&text).unwrap(), text)
        })
        .collect();
    let tests: Vec<Vec<String>> =
        parsed.iter().flat_map(|(_, path, file, _)| test_modules(path, &file.items)).collect();
    let program =
        parsed.iter().filter(|(_, path, ..)| !path.is_empty() && !tests.iter().any(|test| path.starts_with(test)));
    let modules: BTreeSet<_> = program.clone().map(|(_, path, ..)| path.clone()).collect();
    let source = |(file, path, syntax, text): &(String, Vec<String>, syn::File, String)| {
        let mut reader =
            Reader { path, modules: &modules, imports: Vec::new(), crates: BTreeSet::new(), skipped: Vec::new() };
        reader.visit_file(syntax);
        let is_code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
        let is_skipped = |number| reader.skipped.iter().any(|(first, last)| (*first..=*last).contains(&number));
        let lines = text.lines().enumerate().filter(|(index, line)| is_code(line) && !is_skipped(index + 1)).count();
        Source { file: file.clone(), path: path.clone(), imports: reader.imports, crates: reader.crates, lines }
    };
    program.map(source).collect()
}

fn module_path(file: &str) -> Vec<String> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let path = path.split('/').map(str::to_owned).collect::<Vec<_>>();
    if path == ["lib"] || path == ["main"] { Vec::new() } else { path }
}

/// The modules of a file that are declared for tests alone.
fn test_modules(path: &[String], items: &[Item]) -> Vec<Vec<String>> {
    let declared = items.iter().filter_map(|item| match item {
        Item::Mod(module) if is_for_tests(&module.attrs) => Some([path, &[module.ident.to_string()]].concat()),
        _ => None,
    });
    declared.collect()
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

struct Reader<'a> {
    path: &'a [String],
    modules: &'a BTreeSet<Vec<String>>,
    imports: Vec<Import>,
    crates: BTreeSet<(String, usize)>,
    /// The first and last lines of items that are compiled only for tests.
    skipped: Vec<(usize, usize)>,
}

impl Reader<'_> {
    fn name(&mut self, segments: &[String], span: Span) {
        let line = span.start().line;
        let is_child = |name: &String| self.modules.contains(&[self.path, std::slice::from_ref(name)].concat());
        let path = match segments[0].as_str() {
            "crate" => segments[1..].to_vec(),
            "self" => [self.path, &segments[1..]].concat(),
            "super" => {
                let up = segments.iter().take_while(|segment| *segment == "super").count();
                [&self.path[..self.path.len().saturating_sub(up)], &segments[up..]].concat()
            }
            _ if segments.len() > 1 && is_child(&segments[0]) => [self.path, segments].concat(),
            name => {
                self.crates.insert((name.to_owned(), line));
                return;
            }
        };
        if path.is_empty() {
            return;
        }
        let file =
            (1..=path.len()).rev().map(|length| path[..length].to_vec()).find(|path| self.modules.contains(path));
        self.imports.push(Import { path, file, line });
    }

    fn use_tree(&mut self, before: &[String], tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.use_tree(&[before, &[path.ident.to_string()]].concat(), &path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(before, tree)),
            UseTree::Name(name) if name.ident == "self" => self.name(before, name.span()),
            UseTree::Name(name) => self.name(&[before, &[name.ident.to_string()]].concat(), name.span()),
            UseTree::Rename(name) => self.name(&[before, &[name.ident.to_string()]].concat(), name.span()),
            UseTree::Glob(glob) => self.name(before, glob.span()),
        }
    }

    /// The paths among the arguments of a macro or an attribute, which `syn` does not parse.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            let span = token.span();
            match token {
                TokenTree::Ident(ident) if colons == 2 || segments.is_empty() => segments.push(ident.to_string()),
                TokenTree::Ident(ident) => segments = vec![ident.to_string()],
                TokenTree::Punct(punct) if punct.as_char() == ':' && colons < 2 => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => {
                    segments.clear();
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => segments.clear(),
            }
            colons = 0;
            if let [first, _, ..] = &segments[..]
                && matches!(first.as_str(), "crate" | "self" | "super")
            {
                self.name(&segments, span);
            }
        }
    }

    /// Whether an item is for tests alone, and so skipped.
    fn skips(&mut self, attributes: &[Attribute], span: Span) -> bool {
        let is_skipped = is_for_tests(attributes);
        if is_skipped {
            self.skipped.push((span.start().line, span.end().line));
        }
        is_skipped
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Const(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Mod(ItemMod { attrs, .. }) => attrs,
            Item::Struct(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !self.skips(attributes, item.span()) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(function) if self.skips(&function.attrs, item.span()) => {}
            _ => visit::visit_impl_item(self, item),
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.tokens(list.tokens.clone());
        visit::visit_meta_list(self, list);
    }

    /// A re-export offers an item to others, and is no import.
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if matches!(item.vis, syn::Visibility::Inherited) {
            self.use_tree(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.name(&segments, path.span());
        }
        visit::visit_path(self, path);
    }
}
