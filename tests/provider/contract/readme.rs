//! The examples of the template language compile.

use passbridge::base::document::Document;
use passbridge::provider::compile;

#[test]
fn template_language_examples_compile() {
    let page = include_str!("../../../providers/README.md");
    let blocks: Vec<_> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```")).collect();
    assert_eq!(blocks.len(), 3, "the file, an operation, the fault table");
    let examples: String = blocks.into_iter().map(|(block, _)| block).collect();
    let document = Document::parse("README.md", examples).unwrap();
    let (_, diagnostics) = compile::provider("example", &document);
    // The only findings are about the incompleteness of the examples.
    for diagnostic in diagnostics.iter() {
        let is_incomplete = ["does not mention", "no row for"].iter().any(|part| diagnostic.message.contains(part));
        assert!(is_incomplete, "{diagnostic}");
    }
}
