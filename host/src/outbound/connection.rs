//! Connects to other services as Spin does: without `TCP_NODELAY`, and over plain TCP without
//! writes of several buffers at once. Both change how a request reaches its server.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower_service::Service;
use wasmtime_wasi_http::Error;

tokio::task_local! {
    /// For a connection that the current request may need. The client has no other way to say it.
    static CONNECT_TIMEOUT: Duration;
}

/// Runs `request` with `limit` for a connection of its own, should it need one.
pub fn within<F: Future>(limit: Duration, request: F) -> impl Future<Output = F::Output> {
    CONNECT_TIMEOUT.scope(limit, request)
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Error::from(*self))]
pub enum ConnectError {
    Uri,
    Name,
    Timeout,
    Refused,
    Tls,
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Uri => Self::HttpRequestUriInvalid,
            ConnectError::Name => Self::DnsError {
                rcode: Some("address not available".to_owned()),
                info_code: Some(0),
            },
            ConnectError::Timeout => Self::ConnectionTimeout,
            ConnectError::Refused => Self::ConnectionRefused,
            ConnectError::Tls => Self::TlsProtocolError,
        }
    }
}

/// Makes connections.
#[derive(Clone)]
pub struct Connector {
    tls: Arc<ClientConfig>,
}

impl Connector {
    pub fn new() -> Self {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.into(),
        };
        let mut tls = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { tls: Arc::new(tls) }
    }

    async fn connect(self, uri: Uri, limit: Duration) -> Result<Stream, ConnectError> {
        let encrypted = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri.host().ok_or(ConnectError::Uri)?;
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        let addresses: Vec<_> = lookup_host(format!("{host}:{port}"))
            .await
            .map_err(|_| ConnectError::Name)?
            .collect();

        let tcp = timeout(limit, TcpStream::connect(&*addresses)).await;
        let tcp = tcp.map_err(|_| ConnectError::Timeout)?;
        let tcp = tcp.map_err(|error| match error.kind() {
            io::ErrorKind::AddrNotAvailable => ConnectError::Name,
            _ => ConnectError::Refused,
        })?;
        if encrypted {
            let tls = self.encrypt(host, tcp).await?;
            Ok(Stream::Tls(Box::new(tls)))
        } else {
            Ok(Stream::Plain(tcp))
        }
    }

    async fn encrypt(
        &self,
        host: &str,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, ConnectError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| ConnectError::Name)?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        connector
            .connect(name, tcp)
            .await
            .map_err(|_| ConnectError::Tls)
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        // Now, within the request: a connection that comes too late for it is made elsewhere.
        let limit = CONNECT_TIMEOUT.get();
        Box::pin(async move { connector.connect(uri, limit).await.map(TokioIo::new) })
    }
}

/// An open connection.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match self {
            Self::Plain(tcp) => tcp.connected(),
            Self::Tls(tls) => {
                let (tcp, session) = tls.get_ref();
                match session.alpn_protocol() {
                    Some(b"h2") => tcp.connected().negotiated_h2(),
                    _ => tcp.connected(),
                }
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => {
                let first = buffers.iter().find(|buffer| !buffer.is_empty());
                Pin::new(tcp).poll_write(cx, first.map_or(&[], |buffer| &**buffer))
            }
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, buffers),
        }
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self, Self::Tls(tls) if tls.is_write_vectored())
    }
}
