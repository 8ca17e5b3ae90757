//! Who is counted as one client.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address; of an IPv6 address the first 64 bits, as whoever has one has all of those
/// (RFC 6177, 2). Callers whose address the host does not tell are one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Client(Option<IpAddr>);

impl Client {
    /// The client at `address`.
    pub fn at(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
        }))
    }
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => formatter.write_str("unknown"),
            Some(address @ IpAddr::V4(_)) => address.fmt(formatter),
            Some(network @ IpAddr::V6(_)) => write!(formatter, "{network}/64"),
        }
    }
}
