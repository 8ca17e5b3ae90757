//! The HTTP server: accepts connections, hands requests to the component, sends its replies.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::request;
use crate::stdio::report;
use crate::worker::Workers;

/// Paths below this are the host's.
const WELL_KNOWN: &str = "/.well-known/spin/";

/// Serves one component.
#[derive(Clone)]
pub struct Server {
    handler: ProxyHandler<Workers>,
}

impl Server {
    pub fn new(workers: Workers) -> Self {
        Self {
            handler: ProxyHandler::new(workers),
        }
    }

    /// Accepts connections until `stop` is ready, then lets those under way finish their
    /// requests. Ready once they have.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let connections = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, client)) => self.clone().connection(stream, client, &connections),
                    Err(error) => {
                        // Out of file descriptors, mostly: the next moment may have some.
                        report(&format!("Cannot accept a connection: {error}"));
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        drop(listener);
        drop(self);
        connections.shutdown().await;
    }

    fn connection(self, stream: TcpStream, client: SocketAddr, connections: &GracefulShutdown) {
        let watcher = connections.watcher();
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let service = service_fn(|request| {
                let server = self.clone();
                async move { server.answer(request, client).await }
            });
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            // What ends a connection early is the caller's doing, and of no use in a log.
            let _ = watcher.watch(connection).await;
        });
    }

    /// An error here ends the connection without a reply, as Spin does with requests whose
    /// authority is unknown.
    async fn answer(
        self,
        mut request: Request<Incoming>,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>> {
        if let Some(well_known) = request.uri().path().strip_prefix(WELL_KNOWN) {
            return Ok(match well_known {
                "health" => Response::new(full("OK")),
                _ => status(StatusCode::NOT_FOUND),
            });
        }
        request::complete_uri(&mut request)
            .inspect_err(|error| report(&format!("Refused a request from {client}: {error:#}")))?;
        match self.call(request, client).await {
            Ok(response) => Ok(response),
            Err(error) => {
                report(&format!("Error processing request: {error:#}"));
                Ok(status(StatusCode::INTERNAL_SERVER_ERROR))
            }
        }
    }

    async fn call(
        &self,
        mut request: Request<Incoming>,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>> {
        request::change_headers(request.headers_mut(), client)?;
        let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
        Ok(self.handler.handle((), request).await?)
    }
}

fn status(status: StatusCode) -> Response<WasiBody> {
    let mut response = Response::new(Empty::new().map_err(never).boxed_unsync());
    *response.status_mut() = status;
    response
}

fn full(text: &'static str) -> WasiBody {
    Full::new(Bytes::from_static(text.as_bytes()))
        .map_err(never)
        .boxed_unsync()
}

fn never(error: Infallible) -> Error {
    match error {}
}
