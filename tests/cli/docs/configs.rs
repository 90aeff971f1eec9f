//! Every config in `examples/` and in the documents passes `check`, and a recipe shows its example.

use std::path::Path;

use super::{documents, files, read, root};
use crate::program::{self, Folder, Ran};

/// The secrets that the configs refer to.
const SECRETS: [(&str, &str); 5] = [
    ("AUTH0_CLIENT_SECRET", "a"),
    ("AUTH0_WEB_CLIENT_SECRET", "b"),
    ("IOS_APP_KEY", "c"),
    ("STREAMBIRD_KEY", "d"),
    ("HASH_KEY", "0123456789abcdef0123456789abcdef"),
];

fn assert_passes(name: &Path, ran: &Ran) {
    assert!(ran.code == 0, "{}\n{}{}", name.display(), ran.stdout, ran.stderr);
}

#[test]
fn every_example_passes_check() {
    let examples = files("examples", "toml");
    assert!(examples.len() >= 5, "{examples:?}");
    for example in examples {
        let file = example.file_name().unwrap().to_str().unwrap();
        let ran = program::run(&root().join("examples"), &["check", "--config", file], &SECRETS, "");
        assert_passes(&example, &ran);
    }
}

#[test]
fn every_recipe_shows_its_example() {
    let mut shown = Vec::new();
    for recipe in files("docs/recipes", "md") {
        let text = read(&recipe);
        let Some((_, rest)) = text.split_once("The config is `examples/") else { continue };
        let (example, rest) = rest.split_once("`:\n\n```toml\n").unwrap();
        let example = Path::new("examples").join(example);
        let config = read(&example);
        let begin: usize = config.lines().take_while(|line| line.starts_with('#')).map(|line| line.len() + 1).sum();
        let is_shown = rest.split_once("```").is_some_and(|(block, _)| block.trim() == config[begin..].trim());
        assert!(is_shown, "{} does not show {} as it is", recipe.display(), example.display());
        shown.push(example);
    }
    shown.sort();
    assert_eq!(shown, files("examples", "toml"));
}

#[test]
fn every_other_whole_config_in_the_documents_passes_check() {
    let mut found = 0;
    for document in documents().into_iter().filter(|page| !page.starts_with("docs/recipes")) {
        let text = read(&document);
        let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
        for config in blocks.filter(|block| block.contains("[routes.")) {
            found += 1;
            let ran = Folder::with_config(config).run_in(&["check"], &SECRETS);
            assert_passes(&document, &ran);
        }
    }
    assert!(found >= 2, "README.md and the quick start have a whole config");
}
