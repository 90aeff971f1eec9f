//! Whether a route answers for each kind of caller its dialect has, and for no other.
//!
//! A missing answer is an error whose remedy is the very line to write: a route that lets nobody in
//! is useless, and one that lets everybody in must say so.

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::finding::Findings;
use crate::caller_auth::settings::CallerSettings;
use crate::caller_auth::{CompileContext, Relation};
use crate::provider::template::message::Caller;

/// An answer for users whose tokens the gateway verifies.
pub(super) const USER_BY_JWT: &str = concat!(
    r#"user = { jwt = { jwks = "https://issuer.example/jwks.json", algorithms = ["RS256"], "#,
    r#"issuer = "https://issuer.example/", audience = "https://api.example", claims = { "user.id" = "sub" } } }"#,
);

/// Notes what is missing and what is too much. `needed` has the operations of each kind.
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
        let message = format!("nothing says who may call {operations}: `{dialect}` has callers of kind `{name}` there");
        let remedy = if given.is_empty() {
            format!("write `callers = {{ {} }}`", whole(needed, context))
        } else {
            format!("add `{}` to `callers`", line(*kind, context))
        };
        let label = format!("no answer for `{name}`");
        findings.push("callers", Diagnostic::error(message).label(label).remedy(remedy));
    }
    for kind in given.iter().filter(|kind| !needed.iter().any(|(needed, _)| needed == *kind)) {
        let kinds: Vec<_> = needed.iter().map(|(kind, _)| format!("`{}`", kind.name())).collect();
        let message = format!("no operation of `{}` has callers of kind `{}`", context.dialect, kind.name());
        let remedy = format!("leave it out; the kinds there are: {}", kinds.join(", "));
        let finding = Diagnostic::error(message).label("this answer").remedy(remedy);
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
        (Caller::Client, _) => r#"client = { "the client's id" = "env:CLIENT_SECRET" }"#,
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
    fn a_missing_answer_names_kind_operations_and_the_line_to_write() {
        let needed =
            [(Caller::Open, vec!["login.begin"]), (Caller::Key, vec!["credentials.list", "credentials.delete"])];
        let found = checked(r#"open = "anyone""#, &needed, Relation::AnotherProvider);
        let [(key, diagnostic)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(key, "callers");
        assert_eq!(
            diagnostic.message,
            "nothing says who may call `credentials.list`, `credentials.delete`: `acme` has callers of kind `key` there"
        );
        assert_eq!(&*diagnostic.label, "no answer for `key`");
        assert_eq!(diagnostic.remedy, r#"add `key = ["env:APP_KEY"]` to `callers`"#);
    }

    #[test]
    fn a_route_without_any_answer_is_shown_the_whole_line() {
        let needed = [(Caller::Open, vec!["login.begin"]), (Caller::User, vec!["registration.begin"])];
        let found = checked("", &needed, Relation::Embedded);
        assert_eq!(found.len(), 2);
        for (_, diagnostic) in found {
            assert_eq!(diagnostic.remedy, r#"write `callers = { open = "anyone", user = "upstream" }`"#);
        }
    }

    #[test]
    fn every_line_shown_is_one_the_config_takes() {
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
    fn an_answer_to_a_question_nobody_asks_is_an_error() {
        let needed = [(Caller::Key, vec!["login.begin"]), (Caller::User, vec!["registration.begin"])];
        let found = checked(r#"key = "anyone", user = "upstream", open = "anyone""#, &needed, Relation::Embedded);
        let [(key, diagnostic)] = &found[..] else { panic!("{found:?}") };
        assert_eq!(key, "callers.open");
        assert_eq!(diagnostic.message, "no operation of `acme` has callers of kind `open`");
        assert_eq!(diagnostic.remedy, "leave it out; the kinds there are: `key`, `user`");
    }

    #[test]
    fn one_answer_for_each_kind_is_right() {
        let needed = [(Caller::Key, vec!["login.begin"])];
        assert!(checked(r#"key = ["env:A"]"#, &needed, Relation::AnotherProvider).is_empty());
    }
}
