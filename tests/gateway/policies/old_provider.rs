//! The old provider, with users and a verifier of its own: whoever signs in there has really signed.
//!
//! It speaks Streambird's API as its documents have it, and can be switched off.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use crate::policies::passkeys::Passkey;
use kit::message::Response;
use kit::provider::Provider::Streambird;

/// The user of Streambird's documents.
const DOCUMENTED: &str = "user_24wFP9pDa9YiMJLun94iKykoZs2";

/// The old provider.
pub(crate) struct OldProvider {
    address: SocketAddr,
    serving: AbortHandle,
    shared: Arc<Shared>,
}

struct Shared {
    passkeys: Arc<Vec<Passkey>>,
    /// Whose challenge it is.
    challenges: Mutex<HashMap<Vec<u8>, usize>>,
    begins: AtomicUsize,
    sign_ins: AtomicUsize,
}

impl OldProvider {
    pub(crate) async fn start(passkeys: Arc<Vec<Passkey>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (begins, sign_ins) = Default::default();
        let shared = Arc::new(Shared { passkeys, challenges: Mutex::default(), begins, sign_ins });
        let serving = tokio::spawn(serve(listener, shared.clone())).abort_handle();
        Self { address, serving, shared }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many begins and how many sign-ins there were.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [&self.shared.begins, &self.shared.sign_ins].map(|count| count.load(Ordering::SeqCst))
    }

    /// Nobody is there any more, and whoever was connected is cut off.
    pub(crate) fn switch_off(&self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(|request| answer(shared.clone(), request));
            // A caller that goes away is a test's own business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let content = request.into_body().collect().await.map(|whole| whole.to_bytes()).unwrap_or_default();
    let content: Value = serde_json::from_slice(&content).unwrap_or_default();
    let answer = match path.as_str() {
        "/v1/auth/webauthn/authentication/begin" => shared.begin(&content),
        "/v1/auth/webauthn/verify" => shared.verify(&content["public_key_credential"]),
        _ => None,
    };
    let answer = answer.unwrap_or_else(|| Response::fixture(Streambird, "400_invalid_request.fault"));
    let response = hyper::Response::builder().status(answer.status).header("content-type", "application/json");
    Ok(response.body(Full::new(answer.content.into())).unwrap())
}

impl Shared {
    fn begin(&self, content: &Value) -> Option<Response> {
        self.begins.fetch_add(1, Ordering::SeqCst);
        let user = self.passkeys.iter().position(|passkey| content["user_id"] == *passkey.user)?;
        let challenge = uuid::Uuid::new_v4().as_bytes().to_vec();
        let options = json!({
            "challenge": BASE64_STANDARD.encode(&challenge),
            "timeout": 60000,
            "rpId": "localhost",
            "allowCredentials": [{ "type": "public-key", "id": BASE64_STANDARD.encode(&self.passkeys[user].id) }],
            "userVerification": "preferred",
        });
        self.challenges.lock().unwrap().insert(challenge, user);
        let content = json!({
            "public_key_credential_request_options": { "publicKey": options },
            "user_id": self.passkeys[user].user,
        });
        Some(Response::json(200, &content.to_string()))
    }

    /// Each challenge is good once, for the user it was made for and the passkey that signed it.
    fn verify(&self, credential: &Value) -> Option<Response> {
        let bytes = |value: &Value| BASE64_URL_SAFE_NO_PAD.decode(value.as_str()?).ok();
        let client_data = bytes(&credential["response"]["clientDataJSON"])?;
        let challenge = bytes(&serde_json::from_slice::<Value>(&client_data).ok()?["challenge"])?;
        let passkey = &self.passkeys[self.challenges.lock().unwrap().remove(&challenge)?];
        let mut signed = bytes(&credential["response"]["authenticatorData"])?;
        signed.extend(digest(&SHA256, &client_data).as_ref());
        let signature = bytes(&credential["response"]["signature"])?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, passkey.public_key()).verify(&signed, &signature).ok()?;
        if bytes(&credential["rawId"])? != passkey.id {
            return None;
        }
        self.sign_ins.fetch_add(1, Ordering::SeqCst);
        Some(Response::fixture(Streambird, "login.finish.response").replacing(DOCUMENTED, &passkey.user))
    }
}
