//! Why a message cannot be read. Every kind ends the call and closes the connection.

use crate::http1::limits::{MAX_CHUNK_OVERHEAD_BYTES, MAX_HEAD_BYTES};

/// A rule of HTTP/1.1 (RFC 9112) or a limit that a message violates.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidMessage {
    /// The message does not begin with a valid start line and fields.
    #[error("the head is not valid HTTP/1")]
    Head(#[source] httparse::Error),
    /// The head exceeds the limit.
    #[error("the head is longer than {} bytes", MAX_HEAD_BYTES)]
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
    /// A field that must be single is repeated.
    #[error("a field that must be single is repeated")]
    RepeatedField,
    /// The `host` field is missing or invalid.
    #[error("the host is missing or invalid")]
    Host,
    /// The target has none of the forms of RFC 9112 section 3.2.
    #[error("the target of the request is invalid")]
    Target,
    /// A line ends in LF without CR.
    #[error("a line ends in LF without CR")]
    BareLineFeed,
    /// A chunk has no valid size, or its data is longer than its size.
    #[error("a chunk of the content is malformed")]
    Chunk,
    /// Chunk extensions and trailers exceed the limit.
    #[error("chunk extensions and trailers are longer than {} bytes", MAX_CHUNK_OVERHEAD_BYTES)]
    ChunkOverhead,
    /// The content exceeds the limit.
    #[error("the content is longer than {limit} bytes")]
    ContentTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// On a reused connection, more bytes than the response arrived, so that it may be the response to an
    /// earlier request.
    #[error("the response is followed by another")]
    Followed,
    /// The connection ended before the message did.
    #[error("the connection ended before the message was complete")]
    Truncated,
}
