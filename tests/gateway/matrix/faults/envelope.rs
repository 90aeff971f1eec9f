//! The status and the content of each refusal in each dialect, written by hand.
//!
//! The statuses are those that the provider documents, else those of HTTP.

use crate::matrix::expected::is_like;
use kit::contract::check_fault;
use kit::message::Response;
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// Asserts that an answer is this refusal in the dialect's own envelope.
#[track_caller]
pub(crate) fn check(dialect: Provider, operation: &str, fault: &str, answer: &Response) {
    check_fault(dialect, answer);
    let status = status(dialect, operation, fault);
    assert_eq!(answer.status, status, "{} {operation} {fault}: {answer:?}", dialect.id());
    let content = match dialect {
        Quiva => r#"{"error":"<text>"}"#.to_owned(),
        Flashback => r#"{"success":false,"error":"<text>"}"#.to_owned(),
        Streambird => format!(r#"{{"error_type":"{fault}","error_message":"<text>","status_code":{status}}}"#),
        Auth0 if !is_login(operation) => {
            format!(r#"{{"type":"about:blank","title":"<text>","status":{status},"detail":"<text>"}}"#)
        }
        Auth0 => format!(r#"{{"error":"{}","error_description":"<text>"}}"#, oauth_error(operation, fault)),
        Apifox => {
            format!(r#"{{"code":{},"msg":"<text>","correlation_id":"<uuid>"}}"#, cloudreve_code(operation, fault))
        }
    };
    assert!(is_like(&content, answer.text()), "{} {operation} {fault}:\n{content}\n{answer:?}", dialect.id());
    assert_eq!(answer.field("cache-control").map(|value| value.contains("no-")), Some(true), "{answer:?}");
    assert_eq!(answer.field("www-authenticate"), None, "it would hide the content from Auth0's SDK");
}

fn is_login(operation: &str) -> bool {
    ["login.", "signup.", "session."].iter().any(|kind| operation.starts_with(kind))
}

fn status(dialect: Provider, operation: &str, fault: &str) -> u16 {
    let is_finish = matches!(operation, "login.finish" | "session.refresh");
    match (dialect, fault) {
        (Apifox, _) => 200,
        (Quiva, "unknown_user") if is_login(operation) => 401,
        (Quiva, "not_enabled") if operation == "login.begin" => 401,
        (Quiva, "assertion_rejected" | "challenge_expired") if is_finish => 401,
        (Streambird, "not_enabled") => 402,
        (Auth0, "assertion_rejected" | "challenge_expired" | "unknown_user") if is_finish => 403,
        (Auth0, "unknown_user") if is_login(operation) => 400,
        (Auth0, "not_enabled") if is_login(operation) => 404,
        (_, "invalid_request" | "challenge_expired" | "assertion_rejected") => 400,
        (_, "unauthenticated") => 401,
        (_, "forbidden" | "not_enabled") => 403,
        (_, "unknown_user" | "not_found") => 404,
        (_, "method_not_allowed") => 405,
        (_, "conflict") => 409,
        (_, "too_large") => 413,
        (_, "unsupported_media_type") => 415,
        (_, "rate_limited") => 429,
        (_, "internal") => 500,
        (_, "upstream_refused_us" | "upstream_invalid" | "upstream_failed") => 502,
        (_, "overloaded" | "upstream_unavailable" | "identity_unavailable") => 503,
        (_, "upstream_timeout") => 504,
        (_, fault) => panic!("there is no fault {fault}"),
    }
}

fn oauth_error(operation: &str, fault: &str) -> &'static str {
    match fault {
        "challenge_expired" | "assertion_rejected" | "unknown_user" if operation != "login.begin" => "invalid_grant",
        "invalid_request" | "unknown_user" | "method_not_allowed" | "too_large" | "unsupported_media_type" => {
            "invalid_request"
        }
        "unauthenticated" => "invalid_client",
        "forbidden" => "access_denied",
        "not_enabled" => "not_found",
        "conflict" => "user_exists",
        "rate_limited" => "too_many_requests",
        "overloaded" | "upstream_unavailable" | "upstream_timeout" | "identity_unavailable" => {
            "temporarily_unavailable"
        }
        "internal" | "upstream_failed" | "upstream_invalid" | "upstream_refused_us" => "server_error",
        fault => panic!("no login has the fault {fault}"),
    }
}

fn cloudreve_code(operation: &str, fault: &str) -> i64 {
    match fault {
        "invalid_request" | "unsupported_media_type" | "method_not_allowed" => 40001,
        "too_large" => 40013,
        "unauthenticated" => 401,
        "forbidden" => 403,
        "not_enabled" => 40019,
        "unknown_user" => 40021,
        "challenge_expired" if operation.ends_with(".finish") => 404,
        "not_found" => 404,
        "assertion_rejected" if operation == "session.refresh" => 40020,
        "assertion_rejected" => 40025,
        "conflict" => 409,
        "rate_limited" => 40090,
        "upstream_refused_us" => 50005,
        "upstream_invalid" => 50004,
        "upstream_unavailable" | "upstream_timeout" | "overloaded" | "identity_unavailable" => 50010,
        "upstream_failed" | "internal" => -1,
        fault => panic!("Cloudreve has no code for {fault}"),
    }
}
