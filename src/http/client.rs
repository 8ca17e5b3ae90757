//! The caller's address.
//!
//! The host appends `spin-client-addr` behind any that the caller sent, so only the last value
//! is the host's. Behind `trusted_proxies` proxies that each append to `X-Forwarded-For`, the
//! caller's address is that many places from its end; anything further left is the caller's word.
//! Some hosts have a header of their own instead, which is the only one that counts there.

use std::net::{IpAddr, SocketAddr};

use crate::http::message::Headers;

/// Who says what the caller's address is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAddress {
    /// The host, of whoever has connected to it.
    Peer,
    /// `trusted_proxies`: so many proxies, in `X-Forwarded-For`.
    Forwarded(usize),
    /// `client_address_header`: the host, in this header.
    Header(String),
}

/// The caller's address, or `None` where nobody says it who can be trusted.
pub fn client_address(headers: &Headers, said: &ClientAddress) -> Option<IpAddr> {
    match said {
        ClientAddress::Peer => peer(headers),
        // With fewer entries than proxies, or one that is no address, the request did not come
        // through all of them: then the peer is all that is known.
        ClientAddress::Forwarded(proxies) => forwarded(headers, *proxies).or_else(|| peer(headers)),
        ClientAddress::Header(name) => {
            let mut values = headers.all(name);
            // With two of them one is the caller's own. The peer is then the host's proxy, and not
            // a caller that could be told from others.
            let value = values.next().filter(|_| values.next().is_none())?;
            address(str::from_utf8(value).ok()?)
        }
    }
}

fn peer(headers: &Headers) -> Option<IpAddr> {
    let peer = headers.all("spin-client-addr").next_back()?;
    address(str::from_utf8(peer).ok()?)
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
        let said = match proxies {
            0 => ClientAddress::Peer,
            proxies => ClientAddress::Forwarded(proxies),
        };
        client_address(&header_map(&headers), &said).map(|address| address.to_string())
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

    #[test]
    fn a_header_of_the_hosts_own_counts_where_it_comes_once_and_is_an_address() {
        let peer = ("spin-client-addr", "10.0.0.9:5123");
        let own = |value| ("True-Client-IP", value);
        for (headers, expected) in [
            (vec![own("1.2.3.4")], Some("1.2.3.4")),
            (vec![own(" 2001:db8::1 "), peer], Some("2001:db8::1")),
            (vec![own("::ffff:1.2.3.4")], Some("1.2.3.4")),
            (
                vec![own("1.2.3.4"), ("x-forwarded-for", "6.6.6.6")],
                Some("1.2.3.4"),
            ),
            (vec![peer], None),
            (vec![own("6.6.6.6"), own("1.2.3.4"), peer], None),
            (vec![own("1.2.3.4"), own("1.2.3.4")], None),
            (vec![own("6.6.6.6, 1.2.3.4"), peer], None),
            (vec![own(""), peer], None),
            (vec![own("unknown")], None),
            (vec![own("ñ")], None),
        ] {
            let bytes: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
            let said = ClientAddress::Header("true-client-ip".to_owned());
            let found = client_address(&header_map(&bytes), &said);
            let found = found.map(|address| address.to_string());
            assert_eq!(found.as_deref(), expected, "{headers:?}");
        }
    }
}
