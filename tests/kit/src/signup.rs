//! A new user signs up with a device through the one dialect with signup, and signs in with it later.
//!
//! The embedded relying party serves it, so every signature is verified.

use serde_json::{Value, json};

use super::config::CALLERS;
use super::contract::check_response;
use super::device::Device;
use super::gateway::Gateway;
use super::message::{Request, Response};
use super::passkey::{begin, finish_content, finish_with};
use super::provider::Provider::Auth0;

/// Begins a signup with this address, creates the passkey, and returns the request of the finish.
pub async fn begins_to_sign_up(gateway: &Gateway, device: &mut Device, email: &str) -> Request {
    let content = json!({
        "client_id": CALLERS.client_id,
        "client_secret": CALLERS.client_secret,
        "user_profile": { "email": email, "name": "Ada" },
    });
    let answer = gateway.ask(&Request::fixture(Auth0, "signup.begin").with_json(&content)).await;
    check_response(Auth0, "signup.begin", &answer);
    let options = answer.content_json();
    let handle = Auth0.read(options.pointer("/authn_params_public_key/user/id").unwrap().as_str().unwrap());
    let credential = device.create(&Auth0.begun(&answer).challenge, &handle).await;
    let content = finish_content(Auth0, &credential, options["auth_session"].as_str());
    Request::fixture(Auth0, "signup.finish").with_json(&content)
}

/// Signs up with this address, and returns the content of the response.
pub async fn signs_up(gateway: &Gateway, device: &mut Device, email: &str) -> Value {
    let answer = gateway.ask(&begins_to_sign_up(gateway, device, email).await).await;
    check_response(Auth0, "signup.finish", &answer);
    answer.content_json()
}

/// Signs in with the passkey of a device, and returns the response.
pub async fn signs_in(gateway: &Gateway, device: &mut Device) -> Response {
    let begun = Auth0.begun(&gateway.ask(&begin(Auth0)).await);
    let credential = device.get(&begun.challenge).await;
    gateway.ask(&finish_with(Auth0, &credential, begun.session.as_deref())).await
}
