//! Makes an incoming request into the one that the component sees: with a whole URI, without
//! `Connection`, and with the caller's address behind what the caller sent as `spin-client-addr`.
//! Spin's other `spin-*` headers are missing, since this application does not read them.

use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow, ensure};
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};

const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");

/// Gives the URI its scheme and authority. The authority comes from `Host` or, in HTTP/2, from
/// the URI itself.
///
/// # Errors
/// Where there is none, it is not one, or the two disagree.
pub fn complete_uri<B>(request: &mut Request<B>) -> Result<()> {
    let host = request
        .headers()
        .get(HOST)
        .map(|host| -> Result<Authority> {
            let host = host.to_str().context("the Host header is not ASCII")?;
            host.parse().context("the Host header is not an authority")
        });
    let mut parts = request.uri().clone().into_parts();
    let authority = match (host.transpose()?, parts.authority.take()) {
        (Some(host), Some(uri)) => {
            ensure!(
                host == uri,
                "the Host header and the URI name different authorities"
            );
            host
        }
        (host, uri) => host
            .or(uri)
            .ok_or_else(|| anyhow!("there is no Host header"))?,
    };
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    // CONNECT and OPTIONS * have no path of their own.
    parts
        .path_and_query
        .get_or_insert_with(|| http::uri::PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from_parts(parts).context("the request's target is not a URI")?;
    Ok(())
}

/// Takes `Connection` away, which is between the caller and the host alone, and appends the caller's
/// address.
///
/// # Errors
/// Where a header's value is not UTF-8: Spin refuses such a request whole.
pub fn change_headers(headers: &mut HeaderMap, client: SocketAddr) -> Result<()> {
    headers.remove(CONNECTION);
    for (name, value) in &*headers {
        let text = std::str::from_utf8(value.as_bytes());
        text.with_context(|| format!("the header {name} is not UTF-8"))?;
    }
    headers.append(CLIENT_ADDRESS, HeaderValue::from_str(&client.to_string())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'a> = &'a [(&'a str, &'a [u8])];

    fn request(uri: &str, headers: Headers) -> Request<()> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
        }
        request.body(()).unwrap()
    }

    #[test]
    fn the_uri_is_made_whole_from_host_or_from_itself() {
        let cases: [(&str, Headers, Option<&str>); 7] = [
            ("/a?b", &[("host", b"x:1")], Some("http://x:1/a?b")),
            ("http://x/a", &[], Some("http://x/a")),
            ("http://x/a", &[("host", b"x")], Some("http://x/a")),
            ("https://x/a", &[], Some("http://x/a")),
            ("http://x/a", &[("host", b"y")], None),
            ("/a", &[], None),
            ("/a", &[("host", b"a b")], None),
        ];
        for (uri, headers, expected) in cases {
            let mut request = request(uri, headers);
            let completed = complete_uri(&mut request)
                .ok()
                .map(|()| request.uri().to_string());
            assert_eq!(completed.as_deref(), expected, "{uri} {headers:?}");
        }
    }

    #[test]
    fn the_callers_address_comes_after_what_the_caller_sent() {
        let mut request = request(
            "/a/b?c",
            &[("host", b"x:1"), ("spin-client-addr", b"6.6.6.6:6")],
        );
        change_headers(request.headers_mut(), "127.0.0.1:9".parse().unwrap()).unwrap();
        let values: Vec<_> = request.headers().get_all(CLIENT_ADDRESS).iter().collect();
        assert_eq!(values, ["6.6.6.6:6", "127.0.0.1:9"]);
    }

    #[test]
    fn a_header_that_is_not_utf8_refuses_the_request() {
        let client = "127.0.0.1:9".parse().unwrap();
        for (value, is_good) in [(&b"\xff"[..], false), ("ñ".as_bytes(), true)] {
            let mut request = request("/", &[("x", value)]);
            let changed = change_headers(request.headers_mut(), client);
            assert_eq!(changed.is_ok(), is_good, "{value:?}");
        }
    }

    #[test]
    fn transport_headers_are_removed() {
        let mut request = request("/", &[("connection", b"close"), ("x", b"y")]);
        change_headers(request.headers_mut(), "127.0.0.1:9".parse().unwrap()).unwrap();
        assert!(!request.headers().contains_key(CONNECTION));
        assert_eq!(request.headers()["x"], "y");
    }
}
