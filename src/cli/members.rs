//! `passbridge members`: the vocabulary of `set`, `fill` and the provider files.

use std::process::ExitCode;

use crate::model::member::Member;

pub(super) fn members() -> ExitCode {
    let width = Member::ALL.iter().map(|member| member.name().len()).max().unwrap_or_default();
    let lines = Member::ALL.iter().map(|member| {
        let (name, kind, meaning) = (member.name(), member.kind().noun(), member.meaning());
        format!("{name:width$}  {kind:15} {meaning}\n")
    });
    super::print(&lines.collect::<String>())
}
