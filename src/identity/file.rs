//! A file with all users: CSV with a header line (RFC 4180), or JSON Lines.
//!
//! Invalid lines are reported by number, the first ones individually. Problems name lines and columns, never values.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};

use crate::base::similar_name::did_you_mean;
use crate::identity::fingerprint::{Fingerprint, HashingReader};
use crate::identity::names::{Columns, MAX_NAME_BYTES, Namespace};
use crate::identity::table::{DuplicateUser, Table};

/// The maximum size of a file.
const MAX_FILE_BYTES: u64 = 1 << 30;
/// The maximum length of a line of JSON.
const MAX_LINE_BYTES: u64 = 64 * 1024;
/// The number of invalid lines that are reported individually.
const MAX_REPORTED_LINES: usize = 10;

/// A problem with a file, and its remedy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileProblem {
    pub(super) message: String,
    pub(super) remedy: String,
}

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileFormat {
    Csv,
    JsonLines,
}

/// A file being read.
struct FileReader<'r> {
    shown: &'r str,
    caller: &'r Columns,
    upstream: &'r Columns,
    table: Table,
    problems: Vec<FileProblem>,
    bad_lines: usize,
}

/// Reads a file and its fingerprint; `shown` is its name in problems.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(
    path: &Path,
    shown: &str,
    caller: &Columns,
    upstream: &Columns,
) -> Result<(Table, Fingerprint), Vec<FileProblem>> {
    let one = |message: String, remedy: &str| vec![FileProblem { message, remedy: remedy.to_owned() }];
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => FileFormat::Csv,
        Some("jsonl" | "ndjson") => FileFormat::JsonLines,
        _ => {
            let message = format!("`{shown}` is neither a `.csv` nor a `.jsonl` file");
            return Err(one(message, "use the extension `.csv` for CSV, or `.jsonl` for one JSON object per line"));
        }
    };
    let unreadable =
        |error: io::Error| one(format!("`{shown}` cannot be read: {error}"), "name a file that exists and is readable");
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() > MAX_FILE_BYTES {
        let message = format!("`{shown}` is larger than {MAX_FILE_BYTES} bytes");
        return Err(one(message, "store the users in a database, and use `sqlite` and `query`"));
    }
    let mut reader =
        FileReader { shown, caller, upstream, table: Table::default(), problems: Vec::new(), bad_lines: 0 };
    let mut file = HashingReader::new(file);
    match format {
        FileFormat::Csv => reader.csv(&mut file),
        FileFormat::JsonLines => reader.json_lines(BufReader::new(&mut file)),
    }
    if reader.bad_lines > MAX_REPORTED_LINES {
        let message = format!("`{shown}` has {} more invalid lines", reader.bad_lines - MAX_REPORTED_LINES);
        reader.problems.push(FileProblem { message, remedy: "correct the lines above first".to_owned() });
    }
    if reader.problems.is_empty() { Ok((reader.table, file.fingerprint())) } else { Err(reader.problems) }
}

impl FileReader<'_> {
    fn csv(&mut self, input: impl Read) {
        let mut reader = csv::ReaderBuilder::new().from_reader(BufReader::new(input));
        let header = match reader.headers() {
            Ok(header) => header.iter().map(str::to_owned).collect::<Vec<_>>(),
            Err(error) => return self.bad(1, &csv_problem(&error), "write the column names into the first line"),
        };
        let (caller, upstream) = (self.caller, self.upstream);
        let mut positions = Vec::new();
        for (_, column) in caller.0.iter().chain(&upstream.0) {
            match header.iter().position(|name| name == column) {
                Some(position) => positions.push(position),
                None => self.no_column(column, &header),
            }
        }
        let (Some(of_caller), Some(of_upstream)) = (positions.get(..caller.0.len()), positions.get(caller.0.len()..))
        else {
            return;
        };
        if of_upstream.len() < upstream.0.len() {
            return;
        }
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    self.bad(line, &csv_problem(&error), "correct or remove the line");
                    if error.is_io_error() {
                        return;
                    }
                    continue;
                }
            };
            let line = record.position().map_or(0, csv::Position::line);
            let field = |position: usize| Ok(record.get(position).map(str::to_owned));
            self.line(line, |index, _| field(of_caller[index]), |index, _| field(of_upstream[index]));
        }
    }

    fn json_lines(&mut self, mut input: impl BufRead) {
        let mut text = Vec::new();
        for number in 1.. {
            text.clear();
            match Read::take(&mut input, MAX_LINE_BYTES + 1).read_until(b'\n', &mut text) {
                Ok(0) => return,
                Ok(read) if read as u64 > MAX_LINE_BYTES => {
                    return self.bad(number, "is too long", "write one user per line");
                }
                Ok(_) => {}
                Err(error) => return self.bad(number, &format!("cannot be read: {error}"), "check the file"),
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            let Ok(object) = serde_json::from_slice::<Map<String, Value>>(&text) else {
                self.bad(number, "is not a JSON object", "write one JSON object per line");
                continue;
            };
            let field = |_: usize, column: &str| text_of(object.get(column), column);
            self.line(number, field, field);
        }
    }

    /// Adds one line, given its columns.
    fn line(
        &mut self,
        number: u64,
        caller: impl FnMut(usize, &str) -> Result<Option<String>, String>,
        upstream: impl FnMut(usize, &str) -> Result<Option<String>, String>,
    ) {
        let sides = self.caller.subject(caller).and_then(|one| Ok((one, self.upstream.subject(upstream)?)));
        let (caller, upstream) = match sides {
            Ok(sides) => sides,
            Err(problem) => return self.bad(number, &problem, "write it as a string"),
        };
        let (Some(caller), Some(upstream)) = (caller, upstream) else {
            let message = "has no value in the columns of `caller` or of `upstream`";
            return self.bad(number, message, "fill the columns of `caller` and `upstream`, or remove the line");
        };
        let names = [&caller.id, &caller.email, &upstream.id, &upstream.email];
        if names.into_iter().flatten().any(|name| name.len() > MAX_NAME_BYTES) {
            let message = format!("has a value longer than {MAX_NAME_BYTES} bytes");
            return self.bad(number, &message, "correct or remove the line");
        }
        if let Err(DuplicateUser { namespace, member, first }) = self.table.add(number, caller, upstream) {
            let columns = if namespace == Namespace::Caller { self.caller } else { self.upstream };
            let column = columns.0.iter().find(|(known, _)| *known == member).map_or("", |(_, column)| column);
            let message = format!("has the same `{column}` as line {first}");
            self.bad(number, &message, "an id or e-mail address must belong to one user: remove one of the lines");
        }
    }

    fn no_column(&mut self, column: &str, header: &[String]) {
        let remedy = did_you_mean(column, header.iter().map(String::as_str), "its columns are");
        self.problems.push(FileProblem { message: format!("`{}` has no column `{column}`", self.shown), remedy });
    }

    fn bad(&mut self, line: u64, what: &str, remedy: &str) {
        self.bad_lines += 1;
        if self.bad_lines <= MAX_REPORTED_LINES {
            let message = format!("line {line} of `{}` {what}", self.shown);
            self.problems.push(FileProblem { message, remedy: remedy.to_owned() });
        }
    }
}

/// A value of a JSON object as a name.
///
/// # Errors
/// If it is neither text nor a whole number.
pub(super) fn text_of(value: Option<&Value>, column: &str) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) if !number.is_f64() => Ok(Some(number.to_string())),
        Some(_) => Err(format!("has a value in `{column}` that is not a string")),
    }
}

fn csv_problem(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has the wrong number of columns: {len}, but the header line has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "is not in UTF-8".to_owned(),
        csv::ErrorKind::Io(error) => format!("cannot be read: {error}"),
        _ => "is not valid CSV".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::ceremony::Subject;
    use crate::model::member::Member;

    use super::*;

    fn columns(names: &[(Member, &str)]) -> Columns {
        Columns(names.iter().map(|(member, column)| (*member, (*column).to_owned())).collect())
    }

    fn read_as(name: &str, text: &[u8]) -> Result<Table, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let caller = columns(&[(Member::UserId, "old"), (Member::UserEmail, "email")]);
        let upstream = columns(&[(Member::UserId, "new")]);
        let messages = |problems: Vec<FileProblem>| problems.into_iter().map(|problem| problem.message).collect();
        read(&path, name, &caller, &upstream).map(|(table, _)| table).map_err(messages)
    }

    fn id_at_upstream(table: &Table, id: &str) -> Option<String> {
        let user = Subject { id: Some(id.into()), email: None };
        table.find(Namespace::Caller, &user)?.id.map(String::from)
    }

    #[test]
    fn both_formats_give_the_same_table() {
        let csv = b"\xEF\xBB\xBFnew,name,email,old\r\nn1,\"A, da\",ada@a.example,1\r\nn2,Bob,,2\n";
        let lines =
            b"{\"new\":\"n1\",\"email\":\"ada@a.example\",\"old\":1}\n\n{\"old\":\"2\",\"new\":\"n2\",\"email\":null}";
        for (name, text) in [("users.csv", &csv[..]), ("users.jsonl", &lines[..])] {
            let table = read_as(name, text).unwrap();
            assert_eq!(table.len(), 2, "{name}");
            assert_eq!(id_at_upstream(&table, "1").as_deref(), Some("n1"), "{name}");
            assert_eq!(id_at_upstream(&table, "2").as_deref(), Some("n2"), "{name}");
        }
    }

    #[test]
    fn invalid_lines_are_reported_by_number() {
        let csv = b"old,email,new\n1,a@a,n1\n2,b@b\n1,c@c,n3\n4,d@d,\n5,\xFF,n5\n\"6\n\",e@e,n1\n7,f@f,n7\n";
        assert_eq!(
            read_as("users.csv", csv).unwrap_err(),
            [
                "line 3 of `users.csv` has the wrong number of columns: 2, but the header line has 3",
                "line 4 of `users.csv` has the same `old` as line 2",
                "line 5 of `users.csv` has no value in the columns of `caller` or of `upstream`",
                "line 6 of `users.csv` is not in UTF-8",
                "line 7 of `users.csv` has the same `new` as line 2",
            ]
        );
        let lines =
            b"{\"old\":\"1\",\"new\":\"n1\"}\n[]\n{\"old\":\"1\",\"new\":\"n2\"}\n{\"old\":true,\"new\":\"n3\"}\n";
        assert_eq!(
            read_as("users.jsonl", lines).unwrap_err(),
            [
                "line 2 of `users.jsonl` is not a JSON object",
                "line 3 of `users.jsonl` has the same `old` as line 1",
                "line 4 of `users.jsonl` has a value in `old` that is not a string",
            ]
        );
    }

    #[test]
    fn only_the_first_invalid_lines_are_reported() {
        let csv = format!("old,email,new\n{}", "1,,\n".repeat(30));
        let messages = read_as("users.csv", csv.as_bytes()).unwrap_err();
        assert_eq!(messages.len(), 11);
        assert_eq!(messages[10], "`users.csv` has 20 more invalid lines");
    }

    #[test]
    fn missing_columns_are_reported() {
        let messages = read_as("users.csv", b"old,mail\n1,a@a\n").unwrap_err();
        assert_eq!(messages, ["`users.csv` has no column `email`", "`users.csv` has no column `new`"]);
        assert_eq!(read_as("users.txt", b"").unwrap_err(), ["`users.txt` is neither a `.csv` nor a `.jsonl` file"]);
    }
}
