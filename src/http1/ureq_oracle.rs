//! Compares [`ResponseReader`] with ureq-proto on responses assembled from valid and invalid pieces: a
//! response that is accepted must have the same status, fields and content.

use http::{HeaderMap, Request};
use proptest::prelude::*;
use proptest::sample::select;
use ureq_proto::client::{Call, RecvResponseResult, SendRequestResult};

use crate::http1::header_filter::HeaderFilter;
use crate::http1::response_reader::ResponseReader;

type Message = (u16, HeaderMap, Vec<u8>);

fn read(bytes: &[u8]) -> Option<Message> {
    let mut reader = ResponseReader::new(1024, false, HeaderFilter::All);
    let mut buffer = bytes.to_vec();
    let complete = match reader.advance(&mut buffer).ok()? {
        Some(complete) => complete,
        None => reader.finish(&mut buffer).ok()?,
    };
    let (head, content) = complete.response.into_parts();
    Some((head.status.as_u16(), head.headers, content.to_vec()))
}

fn read_by_ureq(mut rest: &[u8]) -> Option<Message> {
    let mut content = vec![0; rest.len() + 1];
    let mut call = Call::new(Request::get("http://a.example/").body(()).ok()?).ok()?.proceed();
    call.write(&mut [0; 256]).ok()?;
    let SendRequestResult::RecvResponse(mut call) = call.proceed().ok()?? else { return None };
    let head = loop {
        let (consumed, head) = call.try_response(rest, false).ok()?;
        rest = &rest[consumed..];
        match head {
            Some(head) => break head,
            None if consumed == 0 => return None,
            None => {}
        }
    };
    let mut length = 0;
    if let RecvResponseResult::RecvBody(mut body) = call.proceed()? {
        loop {
            let (consumed, written) = body.read(rest, &mut content[length..]).ok()?;
            rest = &rest[consumed..];
            length += written;
            if consumed == 0 && written == 0 {
                break;
            }
        }
        if !body.can_proceed() {
            return None;
        }
    }
    content.truncate(length);
    Some((head.status().as_u16(), head.headers().clone(), content))
}

fn responses() -> impl Strategy<Value = Vec<u8>> {
    let line = select(vec![
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 ",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 302 Found",
        "HTTP/1.1 304 Not Modified",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK",
        "HTTP/1.1 500 Oh",
        "HTTP/1.1 20 OK",
        "HTTP/2 200 OK",
    ]);
    let field = select(vec![
        "content-length: 5",
        "Content-Length: 05",
        "content-length: +5",
        "content-length: 5, 5",
        "content-length:\t12",
        "transfer-encoding: chunked",
        "Transfer-Encoding: Chunked",
        "transfer-encoding: gzip, chunked",
        "connection: close",
        "location: /a",
        "x-empty:",
        "x-space : a",
        "x-inner: a  b\tc ",
        "x-control: a\u{1}b",
        "no colon",
    ]);
    let content = select(vec![
        "",
        "abcde",
        "abcdefghijkl",
        "5\r\nabcde\r\n0\r\n\r\n",
        "5;x=y\r\nabcde\r\n0\r\n\r\n",
        "05\r\nabcde\r\nA\r\nabcdefghij\r\n0\r\n\r\n",
        "5\r\nabcdef\r\n0\r\n\r\n",
        "0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ]);
    (line, proptest::collection::vec(field, 0..4), content).prop_map(|(line, fields, content)| {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        format!("{line}\r\n{fields}\r\n{content}").into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn an_accepted_response_is_the_same_response_to_ureq(bytes in responses()) {
        let Some(ours) = read(&bytes) else { return Ok(()) };
        prop_assert_eq!(Some(ours), read_by_ureq(&bytes), "{}", bytes.escape_ascii());
    }
}
