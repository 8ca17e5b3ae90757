//! Sends the component's requests. All instances share the client and the connections it keeps, as
//! in Spin.

use std::error::Error as _;
use std::time::Duration;

use http::{Request, Response};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::body;
use super::connection::{ConnectError, Connector, within};

/// For each timeout that the component does not set.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// Sends requests; clones share connections.
#[derive(Clone)]
pub struct Sender(Client<Connector, WasiBody>);

impl Sender {
    /// With `pooling` a connection may serve a second request.
    pub fn new(pooling: bool) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        if !pooling {
            builder.pool_max_idle_per_host(0);
        }
        Self(builder.build(Connector::new()))
    }

    /// Sends one request. The reply's body reports by itself when it takes too long.
    ///
    /// # Errors
    /// Those that the component sees on Spin.
    pub async fn send(
        &self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Response<WasiBody>, Error> {
        let or_default = |of: fn(&RequestOptions) -> Option<Duration>| {
            options.as_ref().and_then(of).unwrap_or(DEFAULT_TIMEOUT)
        };
        let connect = or_default(|options| options.connect_timeout);
        let first_byte = or_default(|options| options.first_byte_timeout);
        let between_bytes = or_default(|options| options.between_bytes_timeout);

        let replied = timeout(first_byte, within(connect, self.0.request(request)));
        let response = replied
            .await
            .map_err(|_| Error::ConnectionReadTimeout)?
            .map_err(|error| seen_by_component(&error))?;
        Ok(response.map(|body| body::timed(body, between_bytes)))
    }
}

/// Why there was no connection reaches the component; why there was no reply on one does not.
fn seen_by_component(error: &legacy::Error) -> Error {
    let cause = error.source();
    match cause.and_then(|cause| cause.downcast_ref::<ConnectError>()) {
        Some(error) => (*error).into(),
        None => Error::HttpProtocolError,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Full};
    use tokio::net::TcpSocket;

    use super::*;

    const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    /// Answers each request with `reply`, and counts connections. A reply that is not whole is the
    /// connection's last; where `silent`, it stays open all the same.
    fn server(reply: &'static str, silent: bool) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    // The requests of these tests come in one piece.
                    while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
                        stream.write_all(reply.as_bytes()).unwrap();
                        if reply != EMPTY && !silent {
                            return;
                        }
                    }
                });
            }
        });
        (address, connections)
    }

    async fn get(
        sender: &Sender,
        address: SocketAddr,
        options: RequestOptions,
    ) -> Result<Bytes, Error> {
        let body = Full::new(Bytes::new()).map_err(|error: Infallible| match error {});
        let request = Request::get(format!("http://{address}/"));
        let request = request.body(body.boxed_unsync()).unwrap();
        let response = sender.send(request, Some(options)).await?;
        Ok(response.into_body().collect().await?.to_bytes())
    }

    #[tokio::test]
    async fn a_connection_serves_a_second_request_where_connections_are_kept() {
        const REQUESTS: usize = 10;
        for pooling in [true, false] {
            let (address, connections) = server(EMPTY, false);
            let sender = Sender::new(pooling);
            for _ in 0..REQUESTS {
                let options = RequestOptions::default();
                assert_eq!(get(&sender, address, options).await.unwrap(), "");
                // It goes back when the client's own task has seen the end of the reply.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let connections = connections.load(Ordering::SeqCst);
            assert_eq!(connections < REQUESTS, pooling, "{connections} connections");
        }
    }

    #[tokio::test]
    async fn what_fails_is_said_as_spin_says_it() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = closed.local_addr().unwrap();
        drop(closed);
        let part = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart";
        let soon = Some(Duration::from_millis(50));
        let patient = RequestOptions::default();
        let connect_soon = RequestOptions {
            connect_timeout: soon,
            ..patient
        };
        let first_byte_soon = RequestOptions {
            first_byte_timeout: soon,
            ..patient
        };
        let next_byte_soon = RequestOptions {
            between_bytes_timeout: soon,
            ..patient
        };
        let (full, _queue) = full();
        let cases = [
            (nobody, patient, "connection refused"),
            (server(part, false).0, patient, "HTTP protocol error"),
            (server("HTTP/", false).0, patient, "HTTP protocol error"),
            (full, connect_soon, "connection timeout"),
            (
                server("", true).0,
                first_byte_soon,
                "connection read timeout",
            ),
            (
                server(part, true).0,
                next_byte_soon,
                "connection read timeout",
            ),
        ];
        for (address, options, expected) in cases {
            let sender = Sender::new(true);
            let error = get(&sender, address, options).await.unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    /// An address whose queue of connections is full, for as long as the rest is there.
    fn full() -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap().into_std().unwrap();
        let address = listener.local_addr().unwrap();
        let soon = Duration::from_millis(50);
        let connect = || TcpStream::connect_timeout(&address, soon).ok();
        let queue = std::iter::from_fn(connect).collect();
        (address, (listener, queue))
    }
}
