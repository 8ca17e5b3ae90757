//! Makes an incoming request into the one the component sees: its URI made whole, `Connection`
//! gone, and the host's `spin-*` headers behind whatever the caller sent under those names.

use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow, ensure};
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};

use crate::route::Route;

/// Removes what is between the caller and the host alone.
pub fn strip_transport_headers(headers: &mut HeaderMap) {
    let internal = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .is_some_and(is_service_chaining);
    if internal {
        headers.remove(HOST);
    }
    headers.remove(CONNECTION);
}

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

/// Appends the `spin-*` headers; `path_info` is what the route's wildcard took.
///
/// # Errors
/// Where a header's value is not UTF-8: Spin refuses such a request whole.
pub fn append_spin_headers<B>(
    request: &mut Request<B>,
    route: &Route,
    path_info: &str,
    client: SocketAddr,
) -> Result<()> {
    for (name, value) in request.headers() {
        let text = std::str::from_utf8(value.as_bytes());
        text.with_context(|| format!("the header {name} is not UTF-8"))?;
    }
    let host = request
        .headers()
        .get(HOST)
        .map_or(Ok("localhost"), |host| std::str::from_utf8(host.as_bytes()))?;
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let full_url = format!("http://{host}{target}");
    let client = client.to_string();
    let added = [
        ("spin-path-info", path_info),
        ("spin-full-url", &full_url),
        ("spin-matched-route", route.based()),
        ("spin-base-path", "/"),
        ("spin-raw-component-route", route.raw()),
        ("spin-component-route", route.raw_prefix()),
        ("spin-client-addr", &client),
    ];
    for (name, value) in added {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            request
                .headers_mut()
                .append(HeaderName::from_static(name), value);
        }
    }
    Ok(())
}

fn is_service_chaining(host: &str) -> bool {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host.split_once('.')
        .is_some_and(|(_, domain)| domain == "spin.internal")
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
    fn the_hosts_headers_come_after_the_callers() {
        let mut request = request(
            "/a/b?c",
            &[("host", b"x:1"), ("spin-client-addr", b"6.6.6.6:6")],
        );
        complete_uri(&mut request).unwrap();
        let route = Route::new("/a/...");
        append_spin_headers(&mut request, &route, "/b", "127.0.0.1:9".parse().unwrap()).unwrap();
        let values = |name| {
            request
                .headers()
                .get_all(name)
                .iter()
                .map(|v| v.to_str().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(values("spin-client-addr"), ["6.6.6.6:6", "127.0.0.1:9"]);
        assert_eq!(values("spin-full-url"), ["http://x:1/a/b?c"]);
        assert_eq!(values("spin-path-info"), ["/b"]);
        assert_eq!(values("spin-matched-route"), ["/a/..."]);
        assert_eq!(values("spin-raw-component-route"), ["/a/..."]);
        assert_eq!(values("spin-component-route"), ["/a"]);
        assert_eq!(values("spin-base-path"), ["/"]);
    }

    #[test]
    fn a_header_that_is_not_utf8_refuses_the_request() {
        let client = "127.0.0.1:9".parse().unwrap();
        let route = Route::new("/...");
        assert!(
            append_spin_headers(&mut request("/", &[("x", b"\xff")]), &route, "/", client).is_err()
        );
        assert!(
            append_spin_headers(
                &mut request("/", &[("x", "ñ".as_bytes())]),
                &route,
                "/",
                client
            )
            .is_ok()
        );
    }

    #[test]
    fn transport_headers_are_removed() {
        let mut headers = request(
            "/",
            &[
                ("host", b"a.spin.internal:80"),
                ("connection", b"close"),
                ("x", b"y"),
            ],
        );
        strip_transport_headers(headers.headers_mut());
        assert_eq!(headers.headers().keys().collect::<Vec<_>>(), ["x"]);
    }
}
