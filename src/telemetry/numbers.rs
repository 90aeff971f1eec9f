//! Numbers as text, without the cost of the formatting machinery.

use std::io::Write as _;

/// Appends `number` with at least `min_digits` digits.
pub(super) fn integer(number: u64, min_digits: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut begin = digits.len();
    let mut rest = number;
    while rest > 0 {
        begin -= 1;
        digits[begin] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[begin.min(digits.len() - min_digits)..]);
}

/// Appends `value` with three decimal places; `null` if it is not finite.
pub(super) fn decimal(value: f64, out: &mut Vec<u8>) {
    let thousandths = (value * 1000.0).round();
    if (0.0..9e15).contains(&thousandths) {
        let thousandths = thousandths as u64;
        integer(thousandths / 1000, 1, out);
        out.push(b'.');
        integer(thousandths % 1000, 3, out);
    } else if value.is_finite() {
        let _ = write!(out, "{value:?}"); // writing to a Vec cannot fail
    } else {
        out.extend_from_slice(b"null");
    }
}
