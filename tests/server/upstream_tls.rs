//! TLS upstreams: HTTP/2 where offered, and certificates only of trusted authorities.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use passbridge::upstream::failure::CallFailure;
use passbridge::upstream::http_settings::{HttpSettings, HttpVersion};
use passbridge::upstream::http_upstream::{HttpUpstream, RetryClass};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::rig::within;
use super::upstream::{get, upstream};
use super::upstream_pool::rest;

/// A server for `localhost` and 127.0.0.1 with a certificate of a private authority.
pub(crate) struct TlsServer {
    pub(crate) address: SocketAddr,
    pub(crate) ca_file: PathBuf,
    /// How many connections resumed a session.
    resumed: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

pub(crate) async fn tls_server(protocols: &[&str]) -> TlsServer {
    tls_server_after(0, protocols).await
}

/// The same, but the first `refused` connections are closed.
async fn tls_server_after(refused: usize, protocols: &[&str]) -> TlsServer {
    let resumed = Arc::new(AtomicUsize::new(0));
    let count = resumed.clone();
    let server = tls_server_running(protocols, move |listener, tls| async move {
        for _ in 0..refused {
            let (stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
        }
        serve(listener, tls, &count).await;
    })
    .await;
    TlsServer { resumed, ..server }
}

/// The same with another server function.
async fn tls_server_running<F>(protocols: &[&str], serve: impl FnOnce(TcpListener, TlsAcceptor) -> F) -> TlsServer
where
    F: Future<Output = ()> + Send + 'static,
{
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
    tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));

    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, authority.pem()).unwrap();
    TlsServer { address, ca_file, resumed: Arc::default(), _folder: folder }
}

/// Answers with the HTTP version of the request.
async fn serve(listener: TcpListener, tls: TlsAcceptor, resumed: &AtomicUsize) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(stream) = tls.accept(stream).await else { continue };
        if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) {
            resumed.fetch_add(1, Ordering::SeqCst);
        }
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

impl TlsServer {
    fn trusting(&self) -> HttpSettings {
        HttpSettings { ca_file: Some(self.ca_file.clone()), ..HttpSettings::default() }
    }

    /// The same, with HTTP/2 if it is offered.
    fn preferring_http2(&self) -> HttpSettings {
        HttpSettings { http_version: HttpVersion::Two, ..self.trusting() }
    }

    fn upstream(&self, settings: &HttpSettings) -> HttpUpstream {
        upstream(&format!("https://127.0.0.1:{}/base", self.address.port()), settings)
    }
}

#[tokio::test]
async fn http2_is_used_where_offered_and_enabled() {
    for (protocols, version) in [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["http/1.1"], "HTTP/1.1"), (&[], "HTTP/1.1")]
    {
        let server = tls_server(protocols).await;
        for (settings, version) in [(server.preferring_http2(), version), (server.trusting(), "HTTP/1.1")] {
            let answer = within(server.upstream(&settings).call(&get("/x"), RetryClass::Finish)).await.unwrap();
            assert_eq!(answer.body(), &format!("{version} \"/base/x\""));
            assert_eq!(answer.version() == Version::HTTP_2, version == "HTTP/2.0");
        }
    }
}

#[tokio::test]
async fn begin_is_retried_on_a_new_connection_and_finish_is_not() {
    for http_version in [HttpVersion::One, HttpVersion::Two] {
        let settings = |server: &TlsServer| HttpSettings { http_version, ..server.trusting() };
        let server = tls_server_after(1, &["http/1.1"]).await;
        let begin = within(server.upstream(&settings(&server)).call(&get("/x"), RetryClass::Begin)).await;
        assert_eq!(begin.unwrap().body(), "HTTP/1.1 \"/base/x\"");
        let server = tls_server_after(1, &["http/1.1"]).await;
        let finish = within(server.upstream(&settings(&server)).call(&get("/x"), RetryClass::Finish)).await;
        assert!(matches!(finish, Err(CallFailure::Unreachable(_))), "{finish:?}");
        let server = tls_server_after(2, &["http/1.1"]).await;
        let begin = within(server.upstream(&settings(&server)).call(&get("/x"), RetryClass::Begin)).await;
        assert!(matches!(begin, Err(CallFailure::Unreachable(_))), "once more is once: {begin:?}");
    }
}

#[tokio::test]
async fn tls_session_is_resumed() {
    let server = tls_server(&["http/1.1"]).await;
    let upstream = server.upstream(&server.trusting());
    for _ in 0..3 {
        within(upstream.call(&get("/x"), RetryClass::Finish)).await.unwrap();
        rest().await;
    }
    assert_eq!(server.resumed.load(Ordering::SeqCst), 0);
    let request = get("/x");
    let (one, other) = within(async {
        tokio::join!(upstream.call(&request, RetryClass::Finish), upstream.call(&request, RetryClass::Finish))
    })
    .await;
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(server.resumed.load(Ordering::SeqCst), 1, "one went out on the kept connection");
}

#[tokio::test]
async fn content_without_length_needs_close_notify() {
    for says_so in [true, false] {
        let server = tls_server_running(&["http/1.1"], move |listener, tls| async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = tls.accept(stream).await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nperhaps half").await.unwrap();
            stream.flush().await.unwrap();
            if says_so {
                stream.shutdown().await.unwrap();
            }
        })
        .await;
        let outcome = within(server.upstream(&server.trusting()).call(&get("/"), RetryClass::Finish)).await;
        match outcome {
            Ok(answer) => assert!(says_so && answer.body() == "perhaps half"),
            Err(failure) => assert!(!says_so && matches!(failure, CallFailure::Broken(_)), "{failure:?}"),
        }
    }
}

#[tokio::test]
async fn unlisted_authority_is_not_trusted() {
    let (server, other) = (tls_server(&["h2"]).await, tls_server(&["h2"]).await);
    for settings in [HttpSettings::default(), other.trusting()] {
        let failure = within(server.upstream(&settings).call(&get("/"), RetryClass::Finish)).await.unwrap_err();
        assert!(matches!(failure, CallFailure::Unreachable(_)), "{failure:?}");
    }
}

#[tokio::test]
async fn ca_file_without_certificates_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").unwrap();
    for (file, reason) in
        [(empty, "contains no PEM certificate"), (folder.path().join("absent.pem"), "cannot read ca_file")]
    {
        let settings = HttpSettings { ca_file: Some(file.clone()), ..HttpSettings::default() };
        let admission = passbridge::upstream::admission::Admission::new("test", &settings);
        let error = HttpUpstream::new("https://127.0.0.1".parse().unwrap(), &settings, admission).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(reason) && error.contains(file.to_str().unwrap()), "{error}");
    }
}
