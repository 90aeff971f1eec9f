//! Users as `users import` takes them: one JSON object a line. Nothing gets lost here.

use crate::import_export::formats::Bad;
use crate::import_export::line::{BadUser, UserLine};

pub(super) fn read(text: &str) -> Result<UserLine, Bad> {
    UserLine::parse(text.as_bytes()).map_err(|bad| match bad {
        BadUser::Shape(problem, _) => Bad::new(problem, "the record cannot be read"),
        BadUser::Member(problem) => Bad::new("record", problem),
        BadUser::Json(_) | BadUser::TooLong | BadUser::Taken(_) | BadUser::Directory(_) => {
            Bad::new("record", "it is not JSON")
        }
    })
}

pub(super) fn write(user: &UserLine) -> Result<String, Bad> {
    let text = user.text().map_err(|_| Bad::new("record", "it cannot be written"))?;
    Ok(text.trim_end().to_owned())
}
