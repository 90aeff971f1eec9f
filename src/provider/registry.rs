//! All providers: the built-in ones, and those of the folder that the config names.
//!
//! A file in the folder adds a provider or replaces the built-in one of the same name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::document::Document;
use crate::provider::compile;
use crate::provider::descriptor::Provider;

/// The built-in provider files: id and text.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/providers.rs"));

/// Providers by id.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    providers: BTreeMap<String, Arc<Provider>>,
}

impl Registry {
    /// Loads the built-in providers and those of a folder.
    pub fn load(folder: Option<&Path>) -> (Self, Diagnostics) {
        let mut registry = Self::default();
        let mut diagnostics = Diagnostics::default();
        for (id, text) in BUILT_IN {
            registry.add(id, &format!("providers/{id}.toml"), text, &mut diagnostics);
        }
        for path in folder.map(|folder| files(folder, &mut diagnostics)).unwrap_or_default() {
            let name = path.display().to_string();
            let id = path.file_stem().unwrap_or_default().to_string_lossy();
            match fs::read_to_string(&path) {
                Ok(text) => registry.add(&id, &name, &text, &mut diagnostics),
                Err(error) => diagnostics.push(
                    Diagnostic::error(format!("the provider file {name} cannot be read: {error}"))
                        .remedy("make it readable, or remove it from the folder"),
                ),
            }
        }
        (registry, diagnostics)
    }

    /// Compiles a file and adds its provider.
    pub fn add(&mut self, id: &str, name: &str, text: &str, diagnostics: &mut Diagnostics) {
        match Document::parse(name, text) {
            Ok(document) => {
                let (provider, found) = compile::provider(id, &document);
                diagnostics.extend(found);
                self.providers.insert(id.to_owned(), Arc::new(provider));
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }

    /// The provider with that id, or else with that alias.
    pub fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        let with_alias = || self.iter().find(|provider| provider.aliases.iter().any(|alias| alias == name));
        self.providers.get(name).or_else(with_alias)
    }

    /// Every name that the config may use: ids and aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().flat_map(|provider| std::iter::once(&provider.id).chain(&provider.aliases)).map(String::as_str)
    }

    /// Every provider, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.providers.values()
    }
}

fn files(folder: &Path, diagnostics: &mut Diagnostics) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("the folder of provider files {} cannot be read: {error}", folder.display());
            diagnostics
                .push(Diagnostic::error(message).remedy("set `providers` to an existing folder, or remove the key"));
            return Vec::new();
        }
    };
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_found_by_its_alias() {
        let (registry, diagnostics) = Registry::load(None);
        assert!(!diagnostics.has_errors(), "{diagnostics}");
        let mut aliases = 0;
        for provider in registry.iter() {
            for alias in &provider.aliases {
                assert_eq!(registry.provider(alias).unwrap().id, provider.id);
                aliases += 1;
            }
        }
        assert!(aliases > 0, "a built-in provider has an alias");
    }
}
