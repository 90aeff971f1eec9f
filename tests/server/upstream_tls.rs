//! TLS upstreams: HTTP/2 where it is offered, a private authority where one is named, nobody else's.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use passbridge::upstream::failure::CallFailure;
use passbridge::upstream::http_upstream::{HttpUpstream, RetryClass};
use passbridge::upstream::settings::HttpSettings;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::rig::within;
use super::upstream::{get, upstream};

/// An authority of our own, and a server for `localhost` and 127.0.0.1 that it vouches for.
pub(crate) struct Vouched {
    pub(crate) address: SocketAddr,
    pub(crate) ca_file: PathBuf,
    _folder: tempfile::TempDir,
}

pub(crate) async fn vouched(protocols: &[&str]) -> Vouched {
    vouched_after(0, protocols).await
}

/// The same, but it hangs up on the first `refused` connections.
async fn vouched_after(refused: usize, protocols: &[&str]) -> Vouched {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], secret)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        for _ in 0..refused {
            let (stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
        }
        serve(listener, tls).await;
    });

    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, authority.pem()).unwrap();
    Vouched { address, ca_file, _folder: folder }
}

/// Answers with the version it was asked in.
async fn serve(listener: TcpListener, tls: TlsAcceptor) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(stream) = tls.accept(stream).await else { continue };
        let speaks_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
            let said = format!("{:?} {:?}", request.version(), request.uri().path());
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(said))))
        });
        let io = TokioIo::new(stream);
        tokio::spawn(async move {
            if speaks_http2 {
                let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
            } else {
                let _ = http1::Builder::new().serve_connection(io, service).await;
            }
        });
    }
}

impl Vouched {
    fn trusting(&self) -> HttpSettings {
        HttpSettings { ca_file: Some(self.ca_file.clone()), ..HttpSettings::default() }
    }

    fn upstream(&self, settings: &HttpSettings) -> HttpUpstream {
        upstream(&format!("https://127.0.0.1:{}/base", self.address.port()), settings)
    }
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered() {
    for (protocols, version) in [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["http/1.1"], "HTTP/1.1"), (&[], "HTTP/1.1")]
    {
        let server = vouched(protocols).await;
        let answer = within(server.upstream(&server.trusting()).call(get("/x"), RetryClass::Finish)).await.unwrap();
        assert_eq!(answer.body(), &format!("{version} \"/base/x\""));
        assert_eq!(answer.version() == Version::HTTP_2, version == "HTTP/2.0");
    }
}

#[tokio::test]
async fn a_second_connection_saves_a_begin_and_no_finish() {
    let server = vouched_after(1, &["h2"]).await;
    let begin = within(server.upstream(&server.trusting()).call(get("/x"), RetryClass::Begin)).await;
    assert_eq!(begin.unwrap().body(), "HTTP/2.0 \"/base/x\"");
    let server = vouched_after(1, &["h2"]).await;
    let finish = within(server.upstream(&server.trusting()).call(get("/x"), RetryClass::Finish)).await;
    assert!(matches!(finish, Err(CallFailure::Unreachable(_))), "{finish:?}");
    let server = vouched_after(2, &["h2"]).await;
    let begin = within(server.upstream(&server.trusting()).call(get("/x"), RetryClass::Begin)).await;
    assert!(matches!(begin, Err(CallFailure::Unreachable(_))), "once more is once: {begin:?}");
}

#[tokio::test]
async fn an_authority_nobody_named_is_not_trusted() {
    let (server, other) = (vouched(&["h2"]).await, vouched(&["h2"]).await);
    for settings in [HttpSettings::default(), other.trusting()] {
        let failure = within(server.upstream(&settings).call(get("/"), RetryClass::Finish)).await.unwrap_err();
        assert!(matches!(failure, CallFailure::Unreachable(_)), "{failure:?}");
    }
}

#[tokio::test]
async fn a_ca_file_that_holds_no_authority_is_told_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    for (file, told) in [(empty, "holds no PEM certificate"), (folder.path().join("absent.pem"), "cannot read ca_file")]
    {
        let settings = HttpSettings { ca_file: Some(file.clone()), ..HttpSettings::default() };
        let admission = passbridge::upstream::admission::Admission::new("test", &settings);
        let error = HttpUpstream::new("https://127.0.0.1".parse().unwrap(), &settings, admission).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(told) && error.contains(file.to_str().unwrap()), "{error}");
    }
}
