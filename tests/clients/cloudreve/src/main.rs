//! Signs in with `cloudreve-api`, in its own process: one line of JSON per call and per result.
//!
//! Environment variable: `SITE`. An unknown call or an invalid line ends the process.

use std::error::Error as StdError;
use std::io::{Write as _, stdin, stdout};

use cloudreve_api::Error;
use cloudreve_api::api::v4::ApiV4Client;
use cloudreve_api::api::v4::models::PasskeySignInRequest;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn StdError>> {
    let mut client = ApiV4Client::new(&std::env::var("SITE")?);
    for line in stdin().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let name = request["call"].as_str().ok_or("a call has a name")?;
        let reply = match call(&mut client, name, &request["with"]).await {
            Ok(answer) => json!({ "answer": answer }),
            Err(error) => json!({ "error": describe(&error) }),
        };
        writeln!(stdout(), "{reply}")?;
    }
    Ok(())
}

async fn call(client: &mut ApiV4Client, name: &str, with: &Value) -> Result<Value, Error> {
    let text = |member: &str| with[member].as_str().unwrap_or_default();
    match name {
        "signIn" => {
            let prepared = client.prepare_passkey_signin().await?;
            Ok(json!({ "session": prepared.session_id, "options": prepared.options }))
        }
        "finish" => {
            let credential = with["credential"].to_string();
            let request = PasskeySignInRequest { response: &credential, session_id: text("session") };
            let signed_in = client.finish_passkey_signin(&request).await?;
            client.set_token(signed_in.token.access_token.clone());
            Ok(json!({ "user": signed_in.user, "token": signed_in.token }))
        }
        "forget" => client.delete_passkey(text("id")).await.map(|()| Value::Null),
        _ => panic!("no call is named {name}"),
    }
}

fn describe(error: &Error) -> Value {
    let (name, code) = match error {
        Error::Api { code, .. } => ("Api", Some(*code)),
        Error::Unauthorized(_) => ("Unauthorized", None),
        _ => ("Other", None),
    };
    json!({ "name": name, "code": code, "message": error.to_string() })
}
