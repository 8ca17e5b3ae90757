//! One entry of `allowed_outbound_hosts`: `scheme://host[:port]`, with wildcards.
//!
//! Reasons for refusing never repeat the text, which a template may have filled with a secret.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use url::Host;

/// The form an entry must have, for error messages.
pub(crate) const FORM: &str =
    "must be scheme://host[:port], such as https://example.com or http://localhost:5000";

/// A parsed entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HostPattern {
    /// `None` is any.
    scheme: Option<String>,
    host: HostPart,
    port: PortPart,
}

#[derive(Clone, Debug, PartialEq)]
enum HostPart {
    Any,
    /// With its leading dot.
    Subdomains(String),
    /// The application itself, reached by a relative URL or as `self.alt`.
    OneSelf,
    Exactly(Host<String>),
    Network(IpAddr, u8),
}

#[derive(Clone, Debug, PartialEq)]
enum PortPart {
    Any,
    Exactly(u16),
    /// The end is not part of it.
    Within(Range<u16>),
}

type Reason = &'static str;

impl HostPattern {
    /// Parses as Spin does; blanks around it do not count.
    pub(crate) fn parse(text: &str) -> Result<Self, Reason> {
        let text = text.trim();
        if text.is_empty() {
            return Err("must not be empty");
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("has no scheme, such as https://")?;
        let (host, port) = split_port(rest)?;
        let port = PortPart::parse(port, scheme)?;
        Ok(Self {
            scheme: parse_scheme(scheme)?,
            host: HostPart::parse(host)?,
            port,
        })
    }

    /// Whether a request to this place is allowed; `port` is `None` where the URL has none.
    pub(crate) fn allows(&self, scheme: &str, host: &Host<&str>, port: Option<u16>) -> bool {
        let port = port.or_else(|| known_port(scheme));
        self.allows_scheme(scheme) && self.host.allows(host) && self.port.allows(port)
    }

    /// Whether the application may call itself over `scheme`.
    pub(crate) fn allows_self(&self, scheme: &str) -> bool {
        self.allows_scheme(scheme) && matches!(self.host, HostPart::Any | HostPart::OneSelf)
    }

    /// Whether it is about other components of the same application (`<id>.spin.internal`).
    pub(crate) fn is_service_chaining(&self) -> bool {
        match &self.host {
            HostPart::Exactly(Host::Domain(domain)) => domain.ends_with(".spin.internal"),
            HostPart::Subdomains(suffix) => suffix == ".spin.internal",
            _ => false,
        }
    }

    fn allows_scheme(&self, scheme: &str) -> bool {
        self.scheme
            .as_deref()
            .is_none_or(|allowed| allowed == scheme)
    }
}

/// The host may end in a path of just `/`, and may be an IPv6 address in brackets.
fn split_port(rest: &str) -> Result<(&str, &str), Reason> {
    match rest.rsplit_once(':') {
        None => Ok((rest, "")),
        Some((host, "")) => Ok((host, "")),
        Some(_) if HostPart::parse(rest).is_ok() => Ok((rest, "")),
        Some((host, tail)) => match tail.split_once('/') {
            Some((port, "")) => Ok((host, port)),
            Some(_) => Err("must not have a path"),
            None => Ok((host, tail)),
        },
    }
}

fn parse_scheme(scheme: &str) -> Result<Option<String>, Reason> {
    match scheme {
        "*" => Ok(None),
        _ if scheme.chars().all(char::is_alphabetic) => Ok(Some(scheme.to_owned())),
        _ => Err("may have only letters in its scheme"),
    }
}

impl HostPart {
    fn parse(host: &str) -> Result<Self, Reason> {
        let host = host.trim();
        match host {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::OneSelf),
            _ => {}
        }
        if host.starts_with('{') {
            return Err("must have one host; lists are not supported");
        }
        if let Some((address, bits)) = parse_network(host) {
            return Ok(Self::Network(address, bits));
        }
        let host = host.strip_suffix('/').unwrap_or(host);
        if host.contains('/') {
            return Err("must not have a path");
        }
        if let Some(domain) = host.strip_prefix("*.") {
            return match Host::parse(domain) {
                Ok(Host::Domain(domain)) if !domain.contains('*') => {
                    Ok(Self::Subdomains(format!(".{domain}")))
                }
                _ => Err("must have a domain after *."),
            };
        }
        if host.contains('*') {
            return Err("may have * only as the whole host, or as *. in front of a domain");
        }
        Host::parse(host)
            .map(Self::Exactly)
            .map_err(|_| "has no valid host")
    }

    fn allows(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Subdomains(suffix), Host::Domain(domain)) => domain.ends_with(suffix.as_str()),
            (Self::Exactly(Host::Domain(allowed)), Host::Domain(domain)) => allowed == domain,
            (Self::Exactly(Host::Ipv4(allowed)), Host::Ipv4(address)) => allowed == address,
            (Self::Exactly(Host::Ipv6(allowed)), Host::Ipv6(address)) => allowed == address,
            (Self::Network(network, bits), Host::Ipv4(address)) => {
                in_network(*network, *bits, (*address).into())
            }
            (Self::Network(network, bits), Host::Ipv6(address)) => {
                in_network(*network, *bits, (*address).into())
            }
            _ => false,
        }
    }
}

/// `address/bits`.
fn parse_network(host: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = host.split_once('/')?;
    let (address, bits) = (address.parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()?);
    let widest = if address.is_ipv4() { 32 } else { 128 };
    (bits <= widest).then_some((address, bits))
}

fn in_network(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => (number_v4(network), number_v4(address), 32),
        (IpAddr::V6(network), IpAddr::V6(address)) => (number_v6(network), number_v6(address), 128),
        _ => return false,
    };
    let host_bits = width - u32::from(bits);
    network.checked_shr(host_bits) == address.checked_shr(host_bits)
}

fn number_v4(address: std::net::Ipv4Addr) -> u128 {
    u128::from(u32::from(address))
}

fn number_v6(address: Ipv6Addr) -> u128 {
    u128::from(address)
}

impl PortPart {
    fn parse(port: &str, scheme: &str) -> Result<Self, Reason> {
        let number = |text: &str| {
            text.parse::<u16>()
                .map_err(|_| "has a port that is not a number")
        };
        if port.is_empty() {
            return known_port(scheme)
                .map(Self::Exactly)
                .ok_or("needs a port: its scheme has no usual one");
        }
        if port == "*" {
            return Ok(Self::Any);
        }
        match port.split_once("..") {
            Some((start, end)) => Ok(Self::Within(number(start)?..number(end)?)),
            None => number(port).map(Self::Exactly),
        }
    }

    fn allows(&self, port: Option<u16>) -> bool {
        match (self, port) {
            (Self::Any, _) => true,
            (Self::Exactly(allowed), Some(port)) => *allowed == port,
            (Self::Within(range), Some(port)) => range.contains(&port),
            (_, None) => false,
        }
    }
}

fn known_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "redis" => Some(6379),
        "mqtt" => Some(1883),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_scheme_a_host_and_a_port() {
        let good = [
            "http://example.com",
            "https://example.com:8443",
            "*://example.com:80",
            "http://*:80",
            "http://*",
            "*://*:*",
            "http://*.example.com",
            "http://example.com/",
            "http://example.com:80/",
            "redis://x",
            "tcp://x:4000..5000",
            "http://self",
            "http://self.alt",
            "http://127.0.0.1",
            "http://[::1]",
            "http://[::1]:80",
            "http://10.0.0.0/8",
            "http://10.0.0.0/8:8080",
            " http://example.com ",
            "http://example.com:",
        ];
        for text in good {
            assert!(
                HostPattern::parse(text).is_ok(),
                "{text:?}: {:?}",
                HostPattern::parse(text)
            );
        }
        let bad = [
            "",
            " ",
            "*",
            "?",
            ":",
            "example.com",
            "http://",
            "https://",
            "http://example.com/path",
            "http://example.com:80/path",
            "tcp://x",
            "*://x",
            "h2-c://x:1",
            "http://x:port",
            "http://x:1..b",
            "http://x:70000",
            "http://a.*.com",
            "http://*.*.com",
            "http://*.127.0.0.1",
            "http://{a,b}",
            "{http,https}://x:1",
            "http://a b",
        ];
        for text in bad {
            assert!(
                HostPattern::parse(text).is_err(),
                "{text:?}: {:?}",
                HostPattern::parse(text)
            );
        }
    }

    #[test]
    fn a_request_is_allowed_where_scheme_host_and_port_all_match() {
        let cases = [
            ("http://example.com", "http://example.com/any/path?q", true),
            ("http://example.com", "http://EXAMPLE.com:80", true),
            ("http://example.com", "http://example.com:8080", false),
            ("http://example.com", "https://example.com", false),
            ("http://example.com", "http://sub.example.com", false),
            ("http://example.com", "http://example.com.evil.org", false),
            ("http://*.example.com", "http://a.b.example.com", true),
            ("http://*.example.com", "http://example.com", false),
            ("http://*.example.com", "http://notexample.com", false),
            ("*://example.com:*", "https://example.com:1", true),
            ("*://*:*", "https://anything:1", true),
            ("*://*:80", "https://x", false),
            ("http://x:4000..4002", "http://x:4000", true),
            ("http://x:4000..4002", "http://x:4002", false),
            ("http://10.1.0.0/16", "http://10.1.2.3", true),
            ("http://10.1.0.0/16", "http://10.2.2.3", false),
            ("http://10.1.0.0/16:*", "http://10.1.2.3:99", true),
            ("http://0.0.0.0/0", "http://1.2.3.4", true),
            ("http://10.1.0.0/16", "http://x", false),
            ("http://[::1]:5", "http://[::1]:5", true),
            ("http://self", "http://self", false),
        ];
        for (pattern, url, expected) in cases {
            let pattern = HostPattern::parse(pattern).unwrap();
            let url = url::Url::parse(url).unwrap();
            let allowed = pattern.allows(url.scheme(), &url.host().unwrap(), url.port());
            assert_eq!(allowed, expected, "{pattern:?} {url}");
        }
    }
}
