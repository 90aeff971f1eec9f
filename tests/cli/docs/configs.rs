//! Every config in `examples/` and in the documents passes `check` without a warning.

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
    assert!(ran.code == 0 && ran.stderr.is_empty(), "{}\n{}{}", name.display(), ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("warning"), "{}\n{}", name.display(), ran.stdout);
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
fn every_whole_config_in_the_documents_passes_check() {
    let mut found = 0;
    for document in documents() {
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
