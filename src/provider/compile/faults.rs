//! The fault table of a provider file, and the check that every fault of every operation has a row.

use std::collections::BTreeMap;

use http::StatusCode;

use crate::base::document::{Item, ItemValue, Table};
use crate::model::fault::{FAULT_DETAILS, Fault};
use crate::model::operation::Operation;
use crate::provider::compile::keys;
use crate::provider::descriptor::Provider;
use crate::provider::faults::{FaultRow, FaultStatus, FaultTable};
use crate::provider::template::compile::Compiler;

const KEYS: &[&str] = &["fault", "operations", "status", "fields", "content"];

pub(super) fn table(compiler: &mut Compiler, root: &Table) -> FaultTable {
    let rows = match root.item("faults").map(|item| (&item.value, item)) {
        Some((ItemValue::Array(rows), _)) => rows.as_slice(),
        Some((_, item)) => {
            let remedy = "write `[[faults]]` for each row";
            compiler.error(&item.span, "`faults` must be an array of tables", item.noun(), remedy);
            &[]
        }
        None => &[],
    };
    FaultTable(rows.iter().filter_map(|item| row(compiler, item)).collect())
}

fn row(compiler: &mut Compiler, item: &Item) -> Option<FaultRow> {
    let Some(table) = item.as_table() else {
        compiler.error(&item.span, "a row of `faults` must be a table", item.noun(), "write `[[faults]]`");
        return None;
    };
    keys::known(compiler, table, KEYS);
    let operations = match table.item("operations") {
        Some(item) => keys::named(
            compiler,
            item,
            ("operations", "operation"),
            Operation::named,
            &Operation::ALL.map(Operation::name),
        ),
        None => Vec::new(),
    };
    let faults = match table.item("fault") {
        Some(item) => keys::named(compiler, item, ("fault", "fault"), Fault::named, &Fault::ALL.map(Fault::name)),
        None => {
            compiler.error(&item.span, "`fault` is missing", "this row", "write `fault = \"...\"`");
            Vec::new()
        }
    };
    let status = status(compiler, table, item)?;
    let fields = keys::table(compiler, table, "fields").map(|fields| compiler.fields(fields, FAULT_DETAILS));
    let content = keys::table(compiler, table, "content").map(|content| compiler.content(content, FAULT_DETAILS));
    Some(FaultRow { faults, operations, status, fields: fields.unwrap_or_default(), content })
}

fn status(compiler: &mut Compiler, table: &Table, row: &Item) -> Option<FaultStatus> {
    let item = table.item("status");
    let status = match item.map(|item| &item.value) {
        Some(ItemValue::Integer(number)) => {
            u16::try_from(*number).ok().and_then(|number| StatusCode::from_u16(number).ok()).map(FaultStatus::Exact)
        }
        Some(ItemValue::Text(text)) => match text.as_bytes() {
            [digit @ b'1'..=b'5', b'x', b'x'] => Some(FaultStatus::Class(u16::from(digit - b'0'))),
            _ => None,
        },
        _ => None,
    };
    if status.is_none() {
        let span = item.map_or(&row.span, |item| &item.span);
        let remedy = "write `status = 400`, or \"5xx\" for a class of statuses in responses of the provider";
        compiler.error(span, "`status` is missing or not valid", "this row", remedy);
    }
    status
}

/// Checks that every fault has a row with which it can be written, for every operation.
pub(super) fn complete(compiler: &mut Compiler, root: &Table, provider: &Provider) {
    let span = root.entry("faults").map_or(0..0, |entry| entry.key_span.clone());
    let mut lacking: BTreeMap<Vec<Fault>, Vec<String>> = BTreeMap::new();
    for operation in provider.operations.keys() {
        let missing = Fault::ALL.into_iter().filter(|fault| provider.faults.row(*operation, *fault).is_none());
        lacking.entry(missing.collect()).or_default().push(format!("`{}`", operation.name()));
    }
    for (faults, operations) in lacking.iter().filter(|(faults, _)| !faults.is_empty()) {
        let faults: Vec<_> = faults.iter().map(|fault| format!("`{}`", fault.name())).collect();
        let verb = if operations.len() == 1 { "has" } else { "have" };
        let message = format!("{} {verb} no row for: {}", operations.join(", "), faults.join(", "));
        let remedy = "add a row to `[[faults]]` with an exact status; one row may list several faults";
        compiler.error(&span, message, "the fault table", remedy);
    }
}
