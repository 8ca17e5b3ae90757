//! A data API that answers at once, as PostgREST would if every row were there.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

const UPDATED: &str = r#"[{"Resultado":"UPDATED"}]"#;

/// Serves on a thread of its own, to the end of the process.
pub struct DataApi {
    address: SocketAddr,
    answered: Arc<AtomicU64>,
}

impl DataApi {
    pub fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .context("cannot start the data API")?;
        let listener = runtime
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .context("the data API cannot listen")?;
        let address = listener.local_addr()?;
        let answered = Arc::<AtomicU64>::default();
        let counter = Arc::clone(&answered);
        std::thread::spawn(move || runtime.block_on(serve(listener, counter)));
        Ok(Self { address, answered })
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests it has answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, answered: Arc<AtomicU64>) {
    loop {
        // Where there are no descriptors left for the moment, what asked for one tries again.
        if let Ok((stream, _)) = listener.accept().await {
            // A reply without it is a slower one, not a wrong one.
            let _ = stream.set_nodelay(true);
            local(stream, Arc::clone(&answered));
        }
    }
}

fn local(stream: TcpStream, answered: Arc<AtomicU64>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&answered)));
    tokio::spawn(async move {
        // What ends a connection is the component's doing.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    });
}

async fn answer(
    request: Request<Incoming>,
    answered: Arc<AtomicU64>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    // A request that breaks off has nobody who reads the answer.
    let _ = body.collect().await;
    answered.fetch_add(1, Ordering::Relaxed);
    let mut response = Response::new(Full::new(reply(head.uri.query())));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

fn reply(query: Option<&str>) -> Bytes {
    let selected = query.and_then(|query| query.rsplit_once("select="));
    match selected {
        Some((_, column)) => format!(r#"[{{"{column}":"x"}}]"#).into(),
        None => Bytes::from_static(UPDATED.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::exchange;

    #[test]
    fn every_row_has_been_updated() {
        let api = DataApi::start().expect("started");
        let request = b"POST /rpc/F HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
            content-length: 2\r\n\r\n{}";
        let reply = exchange(api.address, request).expect("a reply");
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body, r#"[{"Resultado":"UPDATED"}]"#);
        assert_eq!(api.answered(), 1);
    }

    #[test]
    fn a_row_that_is_changed_shows_what_was_selected() {
        let row = reply(Some("user_id=eq.u1&select=user_id"));
        assert_eq!(row, r#"[{"user_id":"x"}]"#);
    }
}
