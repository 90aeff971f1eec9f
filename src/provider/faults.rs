//! A provider's fault table, read top down both ways.
//!
//! The first row that matches an answer says which fault it is; the first row that names a fault,
//! and has one status, says how it is written. The compiler proves that every fault has such a row.

use http::StatusCode;

use crate::model::fault::{Fault, FaultDetails};
use crate::model::operation::Operation;
use crate::provider::template::content::Object;
use crate::provider::template::decode;
use crate::provider::template::encode::{self, Absent, Writing};
use crate::provider::template::head::{self, Named};
use crate::provider::template::reader::Reading;

/// The rows, in the file's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultTable(pub Vec<FaultRow>);

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRow {
    /// What it is written for; the first of them is what it reads as.
    pub faults: Vec<Fault>,
    /// For which operations; none means all.
    pub operations: Vec<Operation>,
    /// With which status.
    pub status: Status,
    /// With which header fields; written, and read where they carry a member.
    pub fields: Vec<Named>,
    /// With which content.
    pub content: Option<Object>,
}

/// The status of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// This one.
    Exact(StatusCode),
    /// Any of a class, named by its first digit; such a row is only read.
    Class(u16),
}

/// A fault as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenFault<'t> {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub fields: Vec<(&'t str, String)>,
    /// The content; empty where the row has none.
    pub content: Vec<u8>,
}

impl Status {
    fn matches(self, status: StatusCode) -> bool {
        match self {
            Self::Exact(exact) => exact == status,
            Self::Class(class) => status.as_u16() / 100 == class,
        }
    }
}

impl FaultRow {
    fn is_for(&self, operation: Operation) -> bool {
        self.operations.is_empty() || self.operations.contains(&operation)
    }
}

impl FaultTable {
    /// The row a fault is written by.
    pub fn row(&self, operation: Operation, fault: Fault) -> Option<(&FaultRow, StatusCode)> {
        self.0.iter().filter(|row| row.is_for(operation) && row.faults.contains(&fault)).find_map(|row| {
            match row.status {
                Status::Exact(status) => Some((row, status)),
                Status::Class(_) => None,
            }
        })
    }

    /// Which fault an answer is, with its details; `None` where no row matches.
    pub fn read<'a>(
        &self,
        operation: Operation,
        status: StatusCode,
        field: impl Fn(&str) -> Option<&'a str>,
        content: &'a [u8],
        reading: Reading<'a>,
    ) -> Option<(Fault, FaultDetails<'a>)> {
        let rows = self.0.iter().filter(|row| row.is_for(operation) && row.status.matches(status));
        for row in rows {
            let mut details = FaultDetails::default();
            let matches = match &row.content {
                Some(template) => decode::decode(template, content, reading, &mut details).is_ok(),
                None => true,
            };
            if matches {
                // A broken Retry-After does not make another fault of it: it is passed over.
                let find = |name: &str| Ok(field(name).map(Into::into));
                let _ = head::read(&row.fields, "field", find, Reading { lenient: true, ..reading }, &mut details);
                return row.faults.first().map(|fault| (*fault, details));
            }
        }
        None
    }

    /// Writes a fault.
    ///
    /// # Errors
    /// When its row requires a detail that is absent.
    pub fn write(
        &self,
        operation: Operation,
        fault: Fault,
        details: &FaultDetails<'_>,
        writing: Writing<'_>,
    ) -> Result<WrittenFault<'_>, Absent> {
        let (row, status) = self.row(operation, fault).expect("the compiler saw a row for every fault");
        let mut content = Vec::new();
        if let Some(template) = &row.content {
            encode::encode(template, details, writing, &mut content)?;
        }
        Ok(WrittenFault { status, fields: head::fields(&row.fields, details, writing)?, content })
    }
}
