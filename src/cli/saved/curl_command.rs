//! A `curl` command for a POSIX shell, as browsers copy it and the start banner prints it.

use std::str::Chars;

use bytes::Bytes;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, ArgMatches, Command};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, REFERER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Saved, at, request_to};
use crate::base::diagnostic::Diagnostic;

/// A message and a remedy.
type Problem = (&'static str, &'static str);

const UNCLOSED: Problem = ("a quote is not closed", "copy the whole command");
const VARIABLE: Problem = ("the command uses a shell variable or a command substitution", "write the value itself");
const ESCAPE: Problem = ("an escape is not a character", "write the character itself");
const SEVERAL: Problem = (
    "only a single `curl` command can be read",
    "remove everything after the command, such as `| jq`, and put quotes around the URL",
);

/// Reads a command.
pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<Saved, Diagnostic> {
    let start = 1 + bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).filter(|byte| **byte == b'\n').count();
    let error = |message: &str| at(name, start, message);
    let text = std::str::from_utf8(bytes).map_err(|_| error("the command is not UTF-8").remedy("save it as UTF-8"))?;
    let words = split_words(text).map_err(|(offset, (message, remedy))| {
        at(name, 1 + text[..offset].matches('\n').count(), message).remedy(remedy)
    })?;
    let matches =
        options().try_get_matches_from(words).map_err(|refused| match refused.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(option)) if option.starts_with('-') => {
                let option = option.split([' ', '=']).next().unwrap_or_default();
                error(&format!("the curl option `{option}` is not supported or has no value"))
                    .remedy("remove it, or save the request as HTTP text")
            }
            _ => {
                error("the command has an argument that does not belong to it").remedy("give one URL, and quote values")
            }
        })?;
    let request = build(&matches).map_err(|problem| error(&problem).remedy("correct the command"))?;
    Ok(Saved::Request(request))
}

fn options() -> Command {
    let option = |short: Option<char>, long: &'static str| {
        Arg::new(long).short(short).long(long).action(ArgAction::Append).allow_hyphen_values(true)
    };
    // Options that do not change the request.
    let ignored = Arg::new("ignored").short('s').short_aliases(['S', 'v', 'i', 'k', 'L', 'f', 'g']).long("silent");
    let ignored = ignored.aliases(["show-error", "verbose", "include", "insecure", "location", "fail", "globoff"]);
    let ignored = ignored.aliases(["compressed", "path-as-is", "http1.1", "http2", "no-progress-meter"]);
    Command::new("curl").disable_help_flag(true).disable_version_flag(true).arg(ignored.action(ArgAction::Count)).args(
        [
            option(Some('X'), "request"),
            option(Some('H'), "header"),
            option(Some('d'), "data").aliases(["data-raw", "data-binary", "data-ascii"]),
            option(None, "json"),
            option(Some('b'), "cookie"),
            option(Some('A'), "user-agent"),
            option(Some('e'), "referer"),
            option(None, "url"),
            Arg::new("target"),
        ],
    )
}

fn build(matches: &ArgMatches) -> Result<http::Request<Bytes>, String> {
    let all = |option: &str| matches.get_many::<String>(option).into_iter().flatten().map(String::as_str);
    let mut fields = HeaderMap::new();
    for line in all("header") {
        let (name, value) = line.split_once(':').unwrap_or((line.trim_end_matches(';'), ""));
        let field = (name.trim().parse::<HeaderName>(), value.trim().parse::<HeaderValue>());
        let (Ok(name), Ok(value)) = field else { return Err("a `-H` is not a header field".to_owned()) };
        // `-H 'name:'` removes a default field, and `-H 'name;'` sends an empty one.
        if !value.is_empty() || !line.contains(':') {
            fields.append(name, value);
        }
    }
    let mut add = |name: HeaderName, value: &str| -> Result<(), String> {
        let value = value.parse().map_err(|_| format!("the value for `{name}` is not valid"))?;
        fields.entry(name).or_insert(value);
        Ok(())
    };
    for (option, name) in [("cookie", COOKIE), ("user-agent", USER_AGENT), ("referer", REFERER)] {
        all(option).next_back().map_or(Ok(()), |value| add(name, value))?;
    }
    let (json, data) = (all("json").collect::<String>(), all("data").collect::<Vec<_>>());
    if data.iter().any(|data| data.starts_with('@')) || json.starts_with('@') {
        return Err("the content is in another file; write it in the command".to_owned());
    }
    let has_content = !data.is_empty() || matches.contains_id("json");
    if matches.contains_id("json") {
        add(CONTENT_TYPE, "application/json")?;
        add(ACCEPT, "application/json")?;
    } else if has_content {
        add(CONTENT_TYPE, "application/x-www-form-urlencoded")?;
    }
    let content = if json.is_empty() { data.join("&") } else { json };
    let method = all("request").next_back().unwrap_or(if has_content { "POST" } else { "GET" });
    let mut urls = all("url").chain(matches.get_one::<String>("target").map(String::as_str));
    let (Some(url), None) = (urls.next(), urls.next()) else { return Err("the command needs one URL".to_owned()) };
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    request_to(method, &url, fields, content.into())
}

/// Splits a command into words, as a POSIX shell does, with bash's `$'...'`. A problem comes with its offset.
fn split_words(text: &str) -> Result<Vec<String>, (usize, Problem)> {
    let (mut words, mut word, mut rest) = (Vec::new(), None::<String>, text.chars());
    loop {
        let offset = text.len() - rest.as_str().len();
        let Some(letter) = rest.next() else { break };
        let after = rest.as_str();
        if let ('\\', Some(next)) = (letter, after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'))) {
            rest = next.chars();
            continue;
        }
        if letter.is_ascii_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        let read = match letter {
            '\'' => single_quoted(&mut rest, word),
            '"' => double_quoted(&mut rest, word),
            '$' if after.starts_with('\'') => ansi_c_quoted(&mut rest, word),
            '$' | '`' if letter == '`' || is_expansion(after) => Err(VARIABLE),
            '|' | '&' | ';' | '<' | '>' => Err(SEVERAL),
            '\\' => rest.next().map(|letter| word.push(letter)).ok_or(UNCLOSED),
            letter => {
                word.push(letter);
                Ok(())
            }
        };
        read.map_err(|problem| (offset, problem))?;
    }
    words.extend(word);
    Ok(words)
}

fn single_quoted(rest: &mut Chars<'_>, word: &mut String) -> Result<(), Problem> {
    let (quoted, after) = rest.as_str().split_once('\'').ok_or(UNCLOSED)?;
    word.push_str(quoted);
    *rest = after.chars();
    Ok(())
}

fn double_quoted(rest: &mut Chars<'_>, word: &mut String) -> Result<(), Problem> {
    loop {
        match rest.next().ok_or(UNCLOSED)? {
            '"' => return Ok(()),
            '`' => return Err(VARIABLE),
            '$' if is_expansion(rest.as_str()) => return Err(VARIABLE),
            '\\' => match rest.next().ok_or(UNCLOSED)? {
                '\n' => {}
                letter @ ('"' | '\\' | '$' | '`') => word.push(letter),
                letter => word.extend(['\\', letter]),
            },
            letter => word.push(letter),
        }
    }
}

fn ansi_c_quoted(rest: &mut Chars<'_>, word: &mut String) -> Result<(), Problem> {
    rest.next();
    loop {
        match rest.next().ok_or(UNCLOSED)? {
            '\'' => return Ok(()),
            '\\' => word.push(match rest.next().ok_or(UNCLOSED)? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'x' => hexadecimal(rest, 2)?,
                'u' => hexadecimal(rest, 4)?,
                'U' => hexadecimal(rest, 8)?,
                letter => letter,
            }),
            letter => word.push(letter),
        }
    }
}

fn hexadecimal(rest: &mut Chars<'_>, most: usize) -> Result<char, Problem> {
    let text = rest.as_str();
    let length = text.bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
    *rest = text[length..].chars();
    u32::from_str_radix(&text[..length], 16).ok().and_then(char::from_u32).ok_or(ESCAPE)
}

fn is_expansion(after_dollar: &str) -> bool {
    after_dollar.starts_with(|letter: char| letter.is_ascii_alphanumeric() || "_{(".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{assert_refused, request};
    use super::*;

    #[test]
    fn words_are_split_as_bash_splits_them() {
        let text = "curl -H 'a: b'  -d 'it'\\''s' \"q \\\" \\$x \\n\" $'tab\\t\\u0021\\x41 \\'' a\\ b \\\n c \\\r\n ''";
        let words = ["curl", "-H", "a: b", "-d", "it's", "q \" $x \\n", "tab\t!A '", "a b", "c", ""];
        assert_eq!(split_words(text).unwrap(), words);
    }

    #[test]
    fn copied_command_becomes_the_request_that_curl_sends() {
        let chrome = "curl 'https://api.example:8443/a?b=c#d' \\\n  -X 'POST' \\\n  -H 'accept: */*' \\\n  \
                      -H 'content-type: application/json' \\\n  -b 'sid=1' \\\n  --data-raw $'{\"d\":\"\\u0021\"}' \\\n  \
                      --compressed --insecure\n";
        let fields = "accept=*/*,content-type=application/json,cookie=sid=1,host=api.example:8443";
        assert_eq!(request(chrome), ("POST /a?b=c".into(), fields.into(), "{\"d\":\"!\"}".into()));
        let banner = "curl -sS -X PUT http://127.0.0.1:8080/a -H 'Host: api.example'";
        assert_eq!(request(banner), ("PUT /a".into(), "host=api.example".into(), String::new()));
        let short = "curl -d a=1 -d b=2 127.0.0.1:8080";
        let fields = "content-type=application/x-www-form-urlencoded,host=127.0.0.1:8080";
        assert_eq!(request(short), ("POST /".into(), fields.into(), "a=1&b=2".into()));
        let json = "curl --url http://a --json '{}' -A me -H 'accept:' -H 'x-empty;'";
        let fields = "x-empty=,user-agent=me,content-type=application/json,accept=application/json,host=a";
        assert_eq!(request(json), ("POST /".into(), fields.into(), "{}".into()));
    }

    #[test]
    fn errors_name_the_line_and_do_not_show_it() {
        assert_refused(&[
            ("curl http://a \\\n -H 'x: hunter2\n", 2, "a quote is not closed"),
            ("curl http://a \\\n -H \"x: $TOKEN\"", 2, "a shell variable"),
            ("curl http://a $(hunter2)", 1, "a shell variable"),
            ("curl http://a -d $'\\ud800'", 1, "an escape is not a character"),
            ("curl http://a?b=c&hunter2=1", 1, "only a single `curl` command"),
            ("\ncurl http://a -F hunter2=1", 2, "the curl option `-F` is not supported"),
            ("curl http://a --form=hunter2", 1, "the curl option `--form` is not supported"),
            ("curl http://a hunter2", 1, "an argument that does not belong to it"),
            ("curl http://a -H hunter2?", 1, "a `-H` is not a header field"),
            ("curl http://a -d @hunter2.json", 1, "the content is in another file"),
            ("curl ftp://hunter2/", 1, "the URL is not an http or https URL"),
            ("curl -s", 1, "the command needs one URL"),
            ("curl http://a -X 'P ST'", 1, "invalid HTTP method"),
        ]);
    }
}
