//! The command line. Flags mean what they mean in `spin up`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Serves this repository's Spin application where Spin is not installed.
///
/// Reads the same spin.toml and runtime-config.toml, takes variables from the environment (as
/// SPIN_VARIABLE_ and the name in capitals) and .env in the current directory, and keeps key-value
/// data in the same SQLite file.
#[derive(Debug, Parser)]
#[command(name = "host", version)]
pub struct Options {
    /// spin.toml, or the directory it is in.
    #[arg(long, short = 'f', value_name = "PATH", default_value = ".")]
    pub from: PathBuf,

    /// Address to listen on; port 0 takes any free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000", value_parser = listen_address)]
    pub listen: SocketAddr,

    /// Directory for the store "default". [default: .spin beside spin.toml]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// Where variables and key-value data come from, besides the defaults.
    #[arg(long, value_name = "FILE")]
    pub runtime_config_file: Option<PathBuf>,

    #[command(flatten)]
    pub reuse: Reuse,
}

/// How long one instance of the component serves.
#[derive(Clone, Debug, clap::Args)]
pub struct Reuse {
    /// Requests an instance serves before it is dropped.
    #[arg(long, value_name = "N", default_value = "128", value_parser = count)]
    pub max_instance_reuse_count: usize,

    /// Requests an instance serves at a time.
    #[arg(long, value_name = "N", default_value = "16", value_parser = count)]
    pub max_instance_concurrent_reuse_count: usize,

    /// How long an idle instance is kept, in whole seconds.
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = seconds)]
    pub idle_instance_timeout: Duration,
}

fn count(text: &str) -> Result<usize, &'static str> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or("must be a whole number from 1 up; use Spin for ranges")
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let number = text.strip_suffix('s').unwrap_or(text).parse();
    number
        .map(Duration::from_secs)
        .map_err(|_| "must be whole seconds, such as 60s; use Spin for ranges and other units")
}

/// As Spin, prefers 127.0.0.1 where a name has several addresses.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let wanted = "must be address:port, such as 127.0.0.1:3000";
    let addresses: Vec<_> = text
        .to_socket_addrs()
        .map_err(|_| wanted.to_owned())?
        .collect();
    let local = addresses
        .iter()
        .find(|address| address.ip() == std::net::Ipv4Addr::LOCALHOST);
    local
        .or(addresses.first())
        .copied()
        .ok_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_have_spins_defaults() {
        let options = Options::parse_from(["host"]);
        assert_eq!(options.listen, "127.0.0.1:3000".parse().unwrap());
        assert_eq!(options.reuse.max_instance_reuse_count, 128);
        assert_eq!(options.reuse.max_instance_concurrent_reuse_count, 16);
        let second = Duration::from_secs(1);
        assert_eq!(options.reuse.idle_instance_timeout, second);
    }

    #[test]
    fn counts_and_durations_are_whole_numbers() {
        assert_eq!(count("3"), Ok(3));
        for bad in ["", "x", "0", "1..8"] {
            assert!(count(bad).is_err(), "{bad:?}");
        }
        for good in ["2", "2s"] {
            assert_eq!(seconds(good), Ok(Duration::from_secs(2)), "{good:?}");
        }
        for bad in ["", "x", "1h", "20ms", "1..8s"] {
            assert!(seconds(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_needs_a_port() {
        assert_eq!(
            listen_address("127.0.0.1:0"),
            Ok("127.0.0.1:0".parse().unwrap())
        );
        assert!(listen_address("127.0.0.1").is_err());
    }
}
