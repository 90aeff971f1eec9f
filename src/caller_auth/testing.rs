//! Test helpers: an issuer that signs tokens, and a server of its keys.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

pub(super) const ISSUER: &str = "https://issuer.example/";
pub(super) const AUDIENCE: &str = "https://api.example";

/// Shared, because generating one takes a second without optimisation.
static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

/// A key of the issuer with its key id.
pub(super) struct Signer {
    pub(super) header: Header,
    pub(super) key: EncodingKey,
}

impl Signer {
    pub(super) fn es256(id: &str) -> Self {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self::new(Algorithm::ES256, id, EncodingKey::from_ec_der(key.as_ref()))
    }

    pub(super) fn ed(id: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
        Self::new(Algorithm::EdDSA, id, EncodingKey::from_ed_der(key.as_ref()))
    }

    pub(super) fn rsa(algorithm: Algorithm, id: &str) -> Self {
        let key: Pkcs8V1Der<'_> = RSA.as_der().unwrap();
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(key.as_ref()));
        Self::new(algorithm, id, EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap())
    }

    pub(super) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Self {
        Self { header: Header::new(algorithm), key: EncodingKey::from_secret(secret) }
    }

    fn new(algorithm: Algorithm, id: &str, key: EncodingKey) -> Self {
        Self { header: Header { kid: Some(id.to_owned()), ..Header::new(algorithm) }, key }
    }

    /// The public key, as in a key set.
    pub(super) fn jwk(&self) -> Json {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.header.alg).unwrap();
        jwk.common.key_id.clone_from(&self.header.kid);
        serde_json::to_value(jwk).unwrap()
    }

    pub(super) fn sign(&self, claims: &Json) -> String {
        encode(&self.header, claims, &self.key).unwrap()
    }

    /// A valid token.
    pub(super) fn token(&self) -> String {
        self.sign(&claims())
    }
}

/// Valid claims.
pub(super) fn claims() -> Json {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "u_1", "exp": now() + 3600 })
}

/// Valid claims with one replaced.
pub(super) fn claims_with(name: &str, value: Json) -> Json {
    let mut claims = claims();
    claims[name] = value;
    claims
}

pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

pub(super) fn key_set(signers: &[&Signer]) -> String {
    json!({ "keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>() }).to_string()
}

/// A server of a key set, on its own thread, that counts requests.
pub(super) struct Issuer {
    pub(super) address: SocketAddr,
    served: Arc<IssuerState>,
}

struct IssuerState {
    /// The served set; `None` is a failure.
    keys: Mutex<Option<String>>,
    requests: AtomicUsize,
    responses: AtomicUsize,
    /// Each response takes a permit, so a test can hold responses back.
    permits: Semaphore,
}

impl Issuer {
    pub(super) fn start(keys: Option<String>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let permits = Semaphore::new(1000);
        let served = Arc::new(IssuerState {
            keys: Mutex::new(keys),
            requests: AtomicUsize::new(0),
            responses: AtomicUsize::new(0),
            permits,
        });
        let serving = served.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { serve(TcpListener::from_std(listener).unwrap(), serving).await });
        });
        Self { address, served }
    }

    pub(super) fn publish(&self, keys: Option<String>) {
        *self.served.keys.lock().unwrap() = keys;
    }

    pub(super) fn requests(&self) -> usize {
        self.served.requests.load(Ordering::SeqCst)
    }

    pub(super) fn responses(&self) -> usize {
        self.served.responses.load(Ordering::SeqCst)
    }

    /// Holds responses back until [`Self::release`].
    pub(super) fn hold(&self) {
        self.served.permits.forget_permits(usize::MAX);
    }

    pub(super) fn release(&self) {
        self.served.permits.add_permits(1000);
    }
}

async fn serve(listener: TcpListener, served: Arc<IssuerState>) {
    loop {
        let (mut connection, _) = listener.accept().await.unwrap();
        let served = served.clone();
        tokio::spawn(async move {
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).await;
            served.requests.fetch_add(1, Ordering::SeqCst);
            served.permits.acquire().await.unwrap().forget();
            let keys = served.keys.lock().unwrap().clone();
            let (status, content) = keys.map_or(("503 Unavailable", String::new()), |keys| ("200 OK", keys));
            let length = content.len();
            let response =
                format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{content}");
            let _ = connection.write_all(response.as_bytes()).await;
            served.responses.fetch_add(1, Ordering::SeqCst);
        });
    }
}
