//! A begin without a user: the user who signs in is mapped back to the caller, or the sign-in is refused.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use crate::identity::rig::auth0;
use kit::config::{EMBEDDED, route, upstream};
use kit::contract::{check_fault, check_response};
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::passkey::{begin, finish};
use kit::provider::Provider::{Apifox, Auth0};

#[tokio::test]
async fn discoverable_sign_in_is_mapped_back_to_the_caller() {
    let fake = Fake::start(Auth0).await;
    let map = "[identity.users]\nfile = \"users.csv\"\ncaller = { \"user.id\" = \"old\" }\n\
               upstream = { \"user.id\" = \"new\" }\n";
    let settings = "issuer = \"own\"\nfill.user = { name = \"{user.id}\", created_at = 1704067200 }\n\
                    fill.tokens.refresh_expires_in = 86400";
    let tables = format!("{map}{EMBEDDED}{}", upstream("new", Auth0, &fake.base_url(), "identity = \"users\""))
        + &route("main", Apifox, "new", settings);
    let config = Config::write(&tables).with_file("users.csv", "old,new\nbnUn,auth0|ada\n");
    let gateway = Gateway::start_of(config).await;
    for (subject, is_known) in [("auth0|ada", true), ("auth0|eve", false), ("bnUn", false)] {
        fake.answers("login.finish", auth0(&json!({ "sub": subject, "email": "a-name-of@the.upstream" })));
        let begun = Apifox.begun(&gateway.ask(&begin(Apifox)).await);
        let answer = gateway.ask(&finish(Apifox, &begun)).await;
        if is_known {
            check_response(Apifox, "login.finish", &answer);
            let user = &answer.content_json()["data"]["user"];
            assert_eq!((&user["id"], &user["nickname"]), (&"bnUn".into(), &"bnUn".into()));
            let token = answer.content_json()["data"]["token"]["access_token"].as_str().unwrap().to_owned();
            let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
            assert!(String::from_utf8(claims).unwrap().contains("\"sub\":\"bnUn\""));
            assert!(!answer.text().contains("the.upstream") && !answer.text().contains("auth0|"), "{answer:?}");
            continue;
        }
        check_fault(Apifox, &answer);
        assert_eq!(gateway.refusal_of(&answer).await.fault, "unknown_user", "{subject}");
    }
}
