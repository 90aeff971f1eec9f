//! What can be wrong with the framing of an answer. Every kind ends the call and the connection.

/// A rule of HTTP/1.1 (RFC 9112), or a limit of ours, that an answer breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    /// It does not begin with a status line and fields.
    #[error("the answer begins with no HTTP/1 head")]
    Head(#[source] httparse::Error),
    /// Status line and fields are longer than the limit.
    #[error("the head of the answer is longer than {} bytes", super::head::MOST_BYTES)]
    LongHead,
    /// The protocol was switched, which nobody asked for.
    #[error("the upstream switched protocols")]
    Switched,
    /// There are two lengths, or one that is no number (RFC 9112 section 6.3).
    #[error("the content length is not one number")]
    Length,
    /// There are a length and a transfer coding, or a transfer coding in HTTP/1.0.
    #[error("the length of the content is told in two ways")]
    Ambiguous,
    /// A transfer coding other than `chunked` alone, which alone may be used unasked.
    #[error("the transfer coding is not chunked")]
    TransferCoding,
    /// A chunk does not begin with its size, or is not as long as that.
    #[error("a chunk of the content is malformed")]
    Chunk,
    /// Chunk extensions and trailers are longer than the limit.
    #[error("chunk extensions and trailers are longer than {} bytes", super::chunked::MOST_EXTRA)]
    Extra,
    /// The connection ended before the answer did.
    #[error("the connection ended before the answer did")]
    Truncated,
}
