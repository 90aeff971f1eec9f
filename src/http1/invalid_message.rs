//! Why a message cannot be read. Every kind ends the call and closes the connection.

/// A rule of HTTP/1.1 (RFC 9112) or a limit that a message violates.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidMessage {
    /// The message does not begin with a valid start line and fields.
    #[error("the head is not valid HTTP/1")]
    Head(#[source] httparse::Error),
    /// The head exceeds the limit.
    #[error("the head is longer than {} bytes", super::response_head::MAX_HEAD_BYTES)]
    HeadTooLong,
    /// A 101 response to a request without an upgrade.
    #[error("the protocol was switched without being requested")]
    UnrequestedUpgrade,
    /// `content-length` is repeated or not a number (RFC 9112 section 6.3).
    #[error("the content length is not a single number")]
    ContentLength,
    /// A content length with a transfer coding, or a transfer coding in HTTP/1.0.
    #[error("the content length is ambiguous")]
    AmbiguousLength,
    /// A transfer coding other than a single `chunked`.
    #[error("the transfer coding is not chunked")]
    TransferCoding,
    /// A chunk has no valid size, or its data is longer than its size.
    #[error("a chunk of the content is malformed")]
    Chunk,
    /// Chunk extensions and trailers exceed the limit.
    #[error("chunk extensions and trailers are longer than {} bytes", super::chunked::MAX_OVERHEAD_BYTES)]
    ChunkOverhead,
    /// The content exceeds the limit.
    #[error("the content is longer than {limit} bytes")]
    ContentTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The connection ended before the message did.
    #[error("the connection ended before the message was complete")]
    Truncated,
}
