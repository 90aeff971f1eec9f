//! The command line's entry.

fn main() {
    let (registry, diagnostics) = passbridge::provider::registry::Registry::load(None);
    eprintln!("{diagnostics}");
    eprintln!("{}", registry.iter().count());
}
