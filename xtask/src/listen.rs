//! The address of `--listen`: `host:port`, with IPv6 addresses in brackets.

use lexopt::Error;

#[derive(Debug, PartialEq)]
pub struct Listen {
    pub host: String,
    pub port: u16,
}

impl Listen {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::from(format!(
                "`--listen {text}` is not an address such as 127.0.0.1:3000"
            ))
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || (host.contains(':') && !bracketed) {
            return Err(wrong());
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().map_err(|_| wrong())?,
        })
    }

    /// An address that can be called: the wildcard addresses can only be listened on.
    pub fn callable(&self) -> String {
        let host = match self.host.as_str() {
            "0.0.0.0" => "127.0.0.1",
            "[::]" => "[::1]",
            other => other,
        };
        match self.port {
            0 => format!("{host}:PORT"),
            port => format!("{host}:{port}"),
        }
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcard_addresses_are_called_over_loopback() {
        for (listen, called) in [
            ("0.0.0.0:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::1]:3000"),
            ("localhost:80", "localhost:80"),
            ("127.0.0.1:0", "127.0.0.1:PORT"),
        ] {
            assert_eq!(
                Listen::parse(listen).expect("an address").callable(),
                called
            );
        }
    }
}
