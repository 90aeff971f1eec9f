//! Reading a provider's JSON into a record, driven by its template, in one pass.
//!
//! Members the template does not know are skipped, as WebAuthn asks. A defect does not end the
//! reading: a constant that differs further on says that it was another message all along.

mod list;
mod object;
mod progress;
mod raw;
mod seat;

use serde::de::DeserializeSeed;

use crate::canonical::record::Record;
use crate::template::content::Object;
use crate::template::decode::progress::Progress;
use crate::template::decode::seat::{Found, Seat, What};
use crate::template::reader::{DefectKind, Reading, Unread};

/// Reads content into a record. What was read before a defect stays in the record.
///
/// # Errors
/// When it is another message, or this message and broken.
pub fn decode<'a>(
    template: &Object,
    content: &'a [u8],
    reading: Reading<'a>,
    record: &mut dyn Record<'a>,
) -> Result<(), Unread> {
    let mut progress = Progress::new(reading);
    let root = Seat { what: What::Object(template), pointer: "", record, progress: &mut progress };
    let mut json = serde_json::Deserializer::from_slice(content);
    match root.deserialize(&mut json).and_then(|found| json.end().map(|()| found)) {
        Ok(Found::Something) => {}
        Ok(Found::Nothing) => {
            progress.absent(template);
            progress.defect(DefectKind::Expected("an object"), "");
        }
        Err(error) => {
            progress.defect(DefectKind::Syntax { line: error.line(), column: error.column() }, "");
            // What does not parse cannot be recognised by its constants.
            progress.another |= template.has_constants() && !reading.lenient;
        }
    }
    progress.end()
}
