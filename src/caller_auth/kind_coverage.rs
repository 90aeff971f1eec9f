//! Checks that a route has a rule for each kind of caller of its dialect, and for no other.
//!
//! The remedy for a missing rule is the line to write.

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::caller_settings::CallerSettings;
use crate::caller_auth::compile_context::{CompileContext, Relation};
use crate::caller_auth::finding::Findings;

use crate::provider::template::message::Caller;

/// A rule for users whose tokens the gateway verifies.
pub(super) const USER_BY_JWT: &str = concat!(
    r#"user = { jwt = { jwks = "https://issuer.example/jwks.json", algorithms = ["RS256"], "#,
    r#"issuer = "https://issuer.example/", audience = "https://api.example", claims = { "user.id" = "sub" } } }"#,
);

/// Reports missing and superfluous rules. `needed` has the operations of each kind.
pub(super) fn check(
    settings: &CallerSettings,
    needed: &[(Caller, Vec<&'static str>)],
    context: &CompileContext<'_>,
    findings: &mut Findings,
) {
    let given = given(settings);
    let missing = needed.iter().filter(|(kind, _)| !given.contains(kind));
    for (kind, operations) in missing {
        let (name, dialect) = (kind.name(), context.dialect);
        let operations: Vec<_> = operations.iter().map(|operation| format!("`{operation}`")).collect();
        let operations = operations.join(", ");
        let message = format!("`callers` has no `{name}` entry, which `{dialect}` needs for {operations}");
        let remedy = if given.is_empty() {
            format!("write `callers = {{ {} }}`", whole(needed, context))
        } else {
            format!("add `{}` to `callers`", line(*kind, context))
        };
        let label = format!("`{name}` is missing");
        findings.push("callers", Diagnostic::error(message).label(label).remedy(remedy));
    }
    for kind in given.iter().filter(|kind| !needed.iter().any(|(needed, _)| needed == *kind)) {
        let kinds: Vec<_> = needed.iter().map(|(kind, _)| format!("`{}`", kind.name())).collect();
        let message = format!("no operation of `{}` has callers of kind `{}`", context.dialect, kind.name());
        let remedy = format!("remove it; the kinds of callers of this dialect are: {}", kinds.join(", "));
        let finding = Diagnostic::error(message).label("this key").remedy(remedy);
        findings.push(format!("callers.{}", kind.name()), finding);
    }
}

fn given(settings: &CallerSettings) -> Vec<Caller> {
    let has = |kind: &Caller| match kind {
        Caller::Open => settings.open.is_some(),
        Caller::Key => settings.key.is_some(),
        Caller::Client => settings.client.is_some(),
        Caller::User => settings.user.is_some(),
    };
    Caller::ALL.into_iter().filter(has).collect()
}

fn whole(needed: &[(Caller, Vec<&'static str>)], context: &CompileContext<'_>) -> String {
    let lines: Vec<_> = needed.iter().map(|(kind, _)| line(*kind, context)).collect();
    lines.join(", ")
}

fn line(kind: Caller, context: &CompileContext<'_>) -> &'static str {
    match (kind, context.relation) {
        (Caller::Open, _) => r#"open = "anyone""#,
        (Caller::Key, _) => r#"key = ["env:APP_KEY"]"#,
        (Caller::Client, _) => r#"client = { "CLIENT_ID" = "env:CLIENT_SECRET" }"#,
        (Caller::User, Relation::Embedded | Relation::SameProvider) => r#"user = "upstream""#,
        (Caller::User, Relation::AnotherProvider) => USER_BY_JWT,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde::Deserialize;

    use super::*;
    use crate::caller_auth::fetched_keys::KeySets;

    #[derive(Deserialize)]
    struct Route {
        callers: CallerSettings,
    }

    fn checked(callers: &str, needed: &[(Caller, Vec<&'static str>)], relation: Relation) -> Vec<(String, Diagnostic)> {
        let route: Route = toml::from_str(&format!("callers = {{ {callers} }}")).unwrap();
        let mut findings = Findings::default();
        let key_sets = KeySets::default();
        let context = CompileContext { base: Path::new("."), dialect: "acme", relation, key_sets: &key_sets };
        check(&route.callers, needed, &context, &mut findings);
        findings.into_vec()
    }

    #[test]
    fn missing_rule_is_reported_with_the_line_to_write() {
        let needed =
            [(Caller::Open, vec!["login.begin"]), (Caller::Key, vec!["credentials.list", "credentials.delete"])];
        let found = checked(r#"open = "anyone""#, &needed, Relation::AnotherProvider);
        let [(key, diagnostic)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(key, "callers");
        assert_eq!(
            diagnostic.message,
            "`callers` has no `key` entry, which `acme` needs for `credentials.list`, `credentials.delete`"
        );
        assert_eq!(&*diagnostic.label, "`key` is missing");
        assert_eq!(diagnostic.remedy, r#"add `key = ["env:APP_KEY"]` to `callers`"#);
    }

    #[test]
    fn missing_callers_table_is_reported_with_the_whole_line() {
        let needed = [(Caller::Open, vec!["login.begin"]), (Caller::User, vec!["registration.begin"])];
        let found = checked("", &needed, Relation::Embedded);
        assert_eq!(found.len(), 2);
        for (_, diagnostic) in found {
            assert_eq!(diagnostic.remedy, r#"write `callers = { open = "anyone", user = "upstream" }`"#);
        }
    }

    #[test]
    fn every_suggested_line_is_valid() {
        for kind in Caller::ALL {
            for relation in [Relation::Embedded, Relation::SameProvider, Relation::AnotherProvider] {
                let needed = [(kind, vec!["login.begin"])];
                let remedy = checked("", &needed, relation).remove(0).1.remedy;
                let line = remedy.split('`').nth(1).unwrap();
                let route: Route = toml::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
                assert_eq!(given(&route.callers), [kind]);
            }
        }
    }

    #[test]
    fn rule_for_a_kind_that_the_dialect_lacks_is_an_error() {
        let needed = [(Caller::Key, vec!["login.begin"]), (Caller::User, vec!["registration.begin"])];
        let found = checked(r#"key = "anyone", user = "upstream", open = "anyone""#, &needed, Relation::Embedded);
        let [(key, diagnostic)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(key, "callers.open");
        assert_eq!(diagnostic.message, "no operation of `acme` has callers of kind `open`");
        assert_eq!(diagnostic.remedy, "remove it; the kinds of callers of this dialect are: `key`, `user`");
    }

    #[test]
    fn one_rule_for_each_kind_has_no_findings() {
        let needed = [(Caller::Key, vec!["login.begin"])];
        assert!(checked(r#"key = ["env:A"]"#, &needed, Relation::AnotherProvider).is_empty());
    }
}
