//! The component's own HTTP requests: allowed or refused here, and sent by [`client`].

mod body;
mod client;
mod connection;

use std::sync::Arc;

use app_manifest::{AllowedHosts, OutboundHttp};
use http::{Request, Response, Uri, header};
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::stdio::report;
use client::Sender;

/// The rules for outbound requests; clones share them, and the connections.
#[derive(Clone)]
pub struct Outbound {
    allowed: Arc<AllowedHosts>,
    sender: Sender,
}

type Done = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = Result<(Response<WasiBody>, Done), Error>;

impl Outbound {
    pub fn new(allowed: AllowedHosts, config: OutboundHttp) -> Self {
        Self {
            allowed: Arc::new(allowed),
            sender: Sender::new(config.pooling),
        }
    }

    fn check(&self, uri: &Uri) -> Result<(), Error> {
        let url = Url::parse(&uri.to_string()).map_err(|_| Error::HttpRequestUriInvalid)?;
        if self.allowed.allows(&url) {
            Ok(())
        } else {
            Err(self.refuse(&origin(&url)))
        }
    }

    fn refuse(&self, origin: &str) -> Error {
        report(&format!(
            "The component may not send requests to {origin}. To allow it, add {origin:?} to {}",
            self.allowed.key()
        ));
        Error::HttpRequestDenied
    }
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _consumed: Done,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let checked = self.check(request.uri());
        // The client writes its own, from where it sends the request to.
        request.headers_mut().remove(header::HOST);
        let sender = self.sender.clone();
        Box::new(async move {
            checked?;
            let response = sender.send(request, options).await?;
            // What goes wrong from here on, the reply's body says.
            Ok((response, Box::new(std::future::ready(Ok(()))) as Done))
        })
    }
}

/// `scheme://host:port` alone: paths and queries may hold secrets.
fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_origin_and_nothing_else() {
        let cases = [
            (
                "https://user:hush@example.com/p?token=hush",
                "https://example.com:443",
            ),
            ("http://localhost:5000/x", "http://localhost:5000"),
        ];
        for (url, expected) in cases {
            assert_eq!(origin(&url.parse().unwrap()), expected);
        }
    }
}
