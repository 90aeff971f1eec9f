//! One pair with an identity map: Quiva's callers name users by address, Streambird by its own id.
//! Auth0 accepts no user in a request and returns the user who signed in.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use kit::config::{route, upstream};
use kit::contract::check_response;
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::message::{Request, Response};
use kit::passkey::{begin, finish};
use kit::provider::Provider::{Quiva, Streambird};

/// The user in Streambird's documented responses.
pub(crate) const ADA_THERE: &str = "user_24wFP9pDa9YiMJLun94iKykoZs2";
/// The user in Quiva's documented requests.
pub(crate) const ADA_HERE: &str = "user@example.com";
pub(crate) const ADA: &str = "email,new_id\nUser@Example.com,user_24wFP9pDa9YiMJLun94iKykoZs2\n";
/// `[identity.users]` from `users.csv`.
pub(crate) const FILE: &str = "[identity.users]\nfile = \"users.csv\"\ncaller = { \"user.email\" = \"email\" }\n\
                               upstream = { \"user.id\" = \"new_id\" }\n";

/// A config of the pair with this map.
pub(crate) fn tables(fake: &Fake, map: &str) -> String {
    let upstream = upstream("new", Streambird, &fake.base_url(), "identity = \"users\"");
    format!("{map}\n{upstream}{}", route("main", Quiva, "new", "set.rp_id = \"localhost\""))
}

/// The pair, served with a map from a CSV file.
pub(crate) async fn serve(fake: &Fake, map: &str, csv: &str) -> Gateway {
    Gateway::start_of(Config::write(&tables(fake, map)).with_file("users.csv", csv)).await
}

/// A begin for the user with this address.
pub(crate) fn begin_for(address: &str) -> Request {
    let request = begin(Quiva);
    let mut content = request.json();
    content["email"] = address.into();
    request.with_json(&content)
}

/// Signs in the user of the documented requests.
pub(crate) async fn sign_in(gateway: &Gateway) -> Response {
    let begun = gateway.ask(&begin(Quiva)).await;
    check_response(Quiva, "login.begin", &begun);
    gateway.ask(&finish(Quiva, &Quiva.begun(&begun))).await
}

/// The user in the last upstream request.
pub(crate) fn last_user_sent(fake: &Fake) -> String {
    let request = fake.requests("login.begin").pop().expect("a begin arrived");
    request.json()["user_id"].as_str().expect("a begin names a user").to_owned()
}

/// Auth0's answer with an id token of these claims.
pub(crate) fn auth0(claims: &Value) -> Response {
    let part = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let token = format!("{}.{}.c2ln", part(&json!({ "alg": "RS256" })), part(claims));
    let content = json!({ "access_token": "t", "id_token": token, "token_type": "Bearer", "expires_in": 9 });
    Response::json(200, &content.to_string())
}
