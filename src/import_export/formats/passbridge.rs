//! Users as `users import` reads them: one JSON object per line. No member is lost.

use crate::import_export::formats::MemberProblem;
use crate::import_export::line::{BadUser, UserLine};

pub(super) fn read(text: &str) -> Result<UserLine, MemberProblem> {
    UserLine::parse(text.as_bytes()).map_err(|bad| match bad {
        BadUser::Shape(problem, _) => MemberProblem::new(problem, "cannot be read"),
        BadUser::Member(problem) => MemberProblem::new("record", problem),
        BadUser::Json(_) | BadUser::TooLong | BadUser::Taken(_) | BadUser::Directory(_) => {
            MemberProblem::new("record", "not JSON")
        }
    })
}

pub(super) fn write(user: &UserLine) -> Result<String, MemberProblem> {
    let text = user.text().map_err(|_| MemberProblem::new("record", "cannot be written"))?;
    Ok(text.trim_end().to_owned())
}
