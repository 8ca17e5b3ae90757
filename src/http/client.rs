//! The caller's address.
//!
//! The host appends `spin-client-addr` behind any that the caller sent, so only the last value
//! is the host's. Behind `trusted_proxies` proxies that each append to `X-Forwarded-For`, the
//! caller's address is that many places from its end; anything further left is the caller's word.

use std::net::{IpAddr, SocketAddr};

use crate::http::message::Headers;

/// The caller's address, or `None` where the host does not say.
pub fn client_address(headers: &Headers, trusted_proxies: usize) -> Option<IpAddr> {
    let peer = headers
        .all("spin-client-addr")
        .next_back()
        .and_then(|value| address(str::from_utf8(value).ok()?));
    if trusted_proxies == 0 {
        return peer;
    }
    // With fewer entries than proxies, or one that is no address, the request did not come
    // through all of them: then the peer is all that is known.
    forwarded(headers, trusted_proxies).or(peer)
}

fn forwarded(headers: &Headers, from_the_right: usize) -> Option<IpAddr> {
    let values = headers.all("x-forwarded-for");
    // As bytes: what the caller wrote further left may be anything.
    let entries: Vec<&[u8]> = values
        .flat_map(|value| value.split(|&byte| byte == b','))
        .collect();
    let place = entries.len().checked_sub(from_the_right)?;
    address(str::from_utf8(entries.get(place)?).ok()?)
}

fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    // The host's own has a port.
    let socket = text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let address = socket.or_else(|| bare.parse().ok());
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::header_map;

    fn client(proxies: usize, headers: &[(&'static str, &str)]) -> Option<String> {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
        client_address(&header_map(&headers), proxies).map(|address| address.to_string())
    }

    #[test]
    fn the_address_is_the_one_that_cannot_be_made_up() {
        let peer = ("spin-client-addr", "10.0.0.9:5123");
        let xff = |value| ("x-forwarded-for", value);
        for (proxies, headers, expected) in [
            (0, vec![peer], Some("10.0.0.9")),
            (
                0,
                vec![("spin-client-addr", "[2001:db8::1]:80")],
                Some("2001:db8::1"),
            ),
            (
                0,
                vec![("spin-client-addr", "[::ffff:10.0.0.9]:80")],
                Some("10.0.0.9"),
            ),
            (
                0,
                vec![("spin-client-addr", "6.6.6.6:1"), peer],
                Some("10.0.0.9"),
            ),
            (0, vec![peer, xff("1.2.3.4")], Some("10.0.0.9")),
            (0, vec![], None),
            (0, vec![("spin-client-addr", "nonsense")], None),
            (1, vec![peer, xff("6.6.6.6, 1.2.3.4")], Some("1.2.3.4")),
            (
                2,
                vec![peer, xff("6.6.6.6, 1.2.3.4, 10.0.0.1")],
                Some("1.2.3.4"),
            ),
            (
                2,
                vec![peer, xff("1.2.3.4"), xff("10.0.0.1")],
                Some("1.2.3.4"),
            ),
            (1, vec![peer, xff("1.2.3.4:443")], Some("1.2.3.4")),
            (1, vec![peer, xff("[2001:db8::1]")], Some("2001:db8::1")),
            (1, vec![peer, xff("é, 1.2.3.4")], Some("1.2.3.4")),
            (1, vec![peer, xff("1.2.3.4, é")], Some("10.0.0.9")),
            (1, vec![peer, xff("unknown")], Some("10.0.0.9")),
            (3, vec![peer, xff("1.2.3.4")], Some("10.0.0.9")),
            (1, vec![peer], Some("10.0.0.9")),
        ] {
            assert_eq!(
                client(proxies, &headers).as_deref(),
                expected,
                "{proxies} {headers:?}"
            );
        }
    }
}
