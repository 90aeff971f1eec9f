//! Reads arbitrary bytes as an upstream's response, whole and split into reads.
//!
//! Nothing panics, content stays within its limit, and the result does not depend on how the bytes are
//! split.
#![no_main]

use libfuzzer_sys::fuzz_target;
use passbridge::http1::header_filter::HeaderFilter;
use passbridge::http1::response_reader::{CompleteResponse, ResponseReader};

const LIMIT: usize = 4096;

/// The first bytes determine how the others are split.
const PREFIX: usize = 4;

fuzz_target!(|input: &[u8]| {
    let Some((how, bytes)) = input.split_first_chunk::<PREFIX>() else { return };
    let to_head = how[0] & 1 == 1;
    let cut = usize::from(u16::from_be_bytes([how[1], how[2]])) % (bytes.len() + 1);
    let step = usize::from(how[3] % 16) + 1;
    let whole = read(&[bytes], to_head);
    let (before, after) = bytes.split_at(cut);
    assert_eq!(whole, read(&[before, after], to_head));
    assert_eq!(whole, read(&bytes.chunks(step).collect::<Vec<_>>(), to_head));
});

/// The status, number of fields and content of a response that arrives in these pieces, and whether the
/// connection can be reused; `None` if it is invalid.
fn read(pieces: &[&[u8]], to_head: bool) -> Option<(u16, usize, Vec<u8>, bool)> {
    let mut reader = ResponseReader::new(LIMIT, to_head, HeaderFilter::All);
    let mut buffer = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        buffer.extend_from_slice(piece);
        if let Some(complete) = reader.advance(&mut buffer).ok()? {
            let more = pieces[index + 1..].iter().any(|piece| !piece.is_empty());
            return Some(summary(&complete, complete.keeps_alive && !more));
        }
    }
    reader.finish(&mut buffer).ok().map(|complete| summary(&complete, complete.keeps_alive))
}

fn summary(complete: &CompleteResponse, keeps_alive: bool) -> (u16, usize, Vec<u8>, bool) {
    let response = &complete.response;
    assert!(response.body().len() <= LIMIT);
    (response.status().as_u16(), response.headers().len(), response.body().to_vec(), keeps_alive)
}
