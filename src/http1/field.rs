//! Writes header fields.

/// Appends `name: value` as a line.
pub(crate) fn write(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Appends a `content-length` line.
pub(crate) fn write_content_length(length: u64, out: &mut Vec<u8>) {
    write(b"content-length", itoa::Buffer::new().format(length).as_bytes(), out);
}
