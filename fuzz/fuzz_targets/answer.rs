//! Reads any bytes as an upstream's answer, whole and cut anywhere.
//!
//! Whatever is said: nothing panics, content keeps its limit, and what the answer is, if it is one,
//! does not depend on where the reads end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use passbridge::upstream::kept::Kept;
use passbridge::upstream::wire::answer::{Answer, Reading};

const LIMIT: usize = 4096;

/// The first bytes say how the others are read.
const HEAD: usize = 4;

fuzz_target!(|input: &[u8]| {
    let Some((how, said)) = input.split_first_chunk::<HEAD>() else { return };
    let to_head = how[0] & 1 == 1;
    let cut = usize::from(u16::from_be_bytes([how[1], how[2]])) % (said.len() + 1);
    let step = usize::from(how[3] % 16) + 1;
    let whole = read(&[said], to_head);
    let (before, after) = said.split_at(cut);
    assert_eq!(whole, read(&[before, after], to_head));
    assert_eq!(whole, read(&said.chunks(step).collect::<Vec<_>>(), to_head));
});

/// Status, fields and content of the answer that comes in these pieces, and whether the connection can
/// be used again; nothing if it is none.
fn read(pieces: &[&[u8]], to_head: bool) -> Option<(u16, usize, Vec<u8>, bool)> {
    let mut reading = Reading::new(LIMIT, to_head, Kept::All);
    let mut buffer = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        buffer.extend_from_slice(piece);
        if let Some(answer) = reading.advance(&mut buffer).ok()? {
            let more = pieces[index + 1..].iter().any(|piece| !piece.is_empty());
            return Some(told(&answer, answer.keeps_alive && !more));
        }
    }
    reading.end(&mut buffer).ok().map(|answer| told(&answer, answer.keeps_alive))
}

fn told(answer: &Answer, keeps_alive: bool) -> (u16, usize, Vec<u8>, bool) {
    let response = &answer.response;
    assert!(response.body().len() <= LIMIT);
    (response.status().as_u16(), response.headers().len(), response.body().to_vec(), keeps_alive)
}
