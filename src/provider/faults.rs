//! A provider's fault table, searched from the top in both directions.
//!
//! The first row that matches a response defines its fault. The first row that has the fault and an exact status
//! defines how the fault is written; the compiler checks that there is one for every fault.

use http::StatusCode;

use crate::model::fault::{Fault, FaultDetails};
use crate::model::operation::Operation;
use crate::provider::template::content::Object;
use crate::provider::template::decode;
use crate::provider::template::decode_context::DecodeContext;
use crate::provider::template::encode::{self, EncodeContext, MissingMember};
use crate::provider::template::head::{self, NamedPattern};

/// The rows, in the file's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultTable(pub Vec<FaultRow>);

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRow {
    /// The faults that are written with it; a response that matches is decoded as the first.
    pub faults: Vec<Fault>,
    /// The operations it applies to; an empty list means all.
    pub operations: Vec<Operation>,
    /// The status.
    pub status: FaultStatus,
    /// The header fields; decoded if they carry a member.
    pub fields: Vec<NamedPattern>,
    /// The content.
    pub content: Option<Object>,
}

/// The status of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultStatus {
    /// Exactly this status.
    Exact(StatusCode),
    /// Any status of a class, given by its first digit; such a row is never written.
    Class(u16),
}

/// An encoded fault.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedFault<'t> {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub fields: Vec<(&'t str, String)>,
    /// The content; empty if the row has none.
    pub content: Vec<u8>,
}

impl FaultStatus {
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
    /// The row with which a fault is written.
    pub fn row(&self, operation: Operation, fault: Fault) -> Option<(&FaultRow, StatusCode)> {
        self.0.iter().filter(|row| row.is_for(operation) && row.faults.contains(&fault)).find_map(|row| {
            match row.status {
                FaultStatus::Exact(status) => Some((row, status)),
                FaultStatus::Class(_) => None,
            }
        })
    }

    /// Decodes a response as a fault with its details; `None` if no row matches.
    pub fn read<'a>(
        &self,
        operation: Operation,
        status: StatusCode,
        field: impl Fn(&str) -> Option<&'a str>,
        content: &'a [u8],
        reading: DecodeContext<'a>,
    ) -> Option<(Fault, FaultDetails<'a>)> {
        let rows = self.0.iter().filter(|row| row.is_for(operation) && row.status.matches(status));
        for row in rows {
            let mut details = FaultDetails::default();
            let matches = match &row.content {
                Some(template) => decode::decode(template, content, reading, &mut details).is_ok(),
                None => true,
            };
            if matches {
                // A malformed Retry-After does not change the fault; it is ignored.
                let find = |name: &str| Ok(field(name).map(Into::into));
                let _ =
                    head::read(&row.fields, "field", find, DecodeContext { lenient: true, ..reading }, &mut details);
                return row.faults.first().map(|fault| (*fault, details));
            }
        }
        None
    }

    /// Encodes a fault.
    ///
    /// # Errors
    /// If its row requires a detail that is absent.
    pub fn write(
        &self,
        operation: Operation,
        fault: Fault,
        details: &FaultDetails<'_>,
        writing: EncodeContext<'_>,
    ) -> Result<EncodedFault<'_>, MissingMember> {
        let (row, status) = self.row(operation, fault).expect("the compiler checked that every fault has a row");
        let mut content = Vec::new();
        if let Some(template) = &row.content {
            encode::encode(template, details, writing, &mut content)?;
        }
        Ok(EncodedFault { status, fields: head::fields(&row.fields, details, writing)?, content })
    }
}
