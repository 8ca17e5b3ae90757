//! The command line. Flags mean what they mean in `spin up`.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::Range;
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

    /// Directory for the store "default"; empty keeps it in memory. [default: .spin beside spin.toml]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<String>,

    /// Where variables and key-value data come from, besides the defaults.
    #[arg(long, value_name = "FILE")]
    pub runtime_config_file: Option<PathBuf>,

    #[command(flatten)]
    pub reuse: Reuse,
}

/// How long one instance of the component serves. Each may be a range, 1..8 for instance; every
/// new instance then draws its own value.
#[derive(Clone, Debug, clap::Args)]
pub struct Reuse {
    /// Requests an instance serves before it is dropped.
    #[arg(long, value_name = "N", default_value = "128", value_parser = count)]
    pub max_instance_reuse_count: Choice<usize>,

    /// Requests an instance serves at a time.
    #[arg(long, value_name = "N", default_value = "16", value_parser = count)]
    pub max_instance_concurrent_reuse_count: Choice<usize>,

    /// How long an idle instance is kept: seconds, or a number with s, ms, us or ns.
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = duration)]
    pub idle_instance_timeout: Choice<Duration>,
}

/// A value, or a range to draw one from.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice<T> {
    Fixed(T),
    Within(Range<T>),
}

impl Choice<usize> {
    pub fn draw(&self) -> usize {
        match self {
            Self::Fixed(value) => *value,
            Self::Within(range) => range.start + draw_below(range.len() as u128) as usize,
        }
    }
}

impl Choice<Duration> {
    pub fn draw(&self) -> Duration {
        match self {
            Self::Fixed(value) => *value,
            Self::Within(range) => {
                let nanos = draw_below((range.end - range.start).as_nanos());
                range.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
        }
    }
}

/// Fair enough for spreading instances' ends; `limit` is above 0 because ranges are not empty.
fn draw_below(limit: u128) -> u128 {
    u128::from(RandomState::new().hash_one(())) % limit
}

fn choice<T: Clone + PartialOrd>(
    text: &str,
    parse: fn(&str) -> Result<T, String>,
) -> Result<Choice<T>, String> {
    let Some((start, end)) = text.split_once("..") else {
        return parse(text).map(Choice::Fixed);
    };
    let range = parse(start)?..parse(end)?;
    if range.start < range.end {
        Ok(Choice::Within(range))
    } else {
        Err("an empty range".to_owned())
    }
}

fn count(text: &str) -> Result<Choice<usize>, String> {
    let number = |text: &str| match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(count) => Ok(count),
        Err(_) => Err("must be a whole number, or a range such as 1..8".to_owned()),
    };
    choice(text, number)
}

type Unit = fn(u64) -> Duration;

fn duration(text: &str) -> Result<Choice<Duration>, String> {
    choice(text, |text| {
        let units: [(&str, Unit); 5] = [
            ("ms", Duration::from_millis),
            ("us", Duration::from_micros),
            ("μs", Duration::from_micros),
            ("ns", Duration::from_nanos),
            ("s", Duration::from_secs),
        ];
        let (number, unit) = units
            .iter()
            .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|number| (number, *unit)))
            .unwrap_or((text, Duration::from_secs));
        number
            .parse()
            .map(unit)
            .map_err(|_| "must be a whole number with s, ms, us or ns behind it".to_owned())
    })
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
        assert_eq!(options.reuse.max_instance_reuse_count, Choice::Fixed(128));
        assert_eq!(
            options.reuse.max_instance_concurrent_reuse_count,
            Choice::Fixed(16)
        );
        assert_eq!(
            options.reuse.idle_instance_timeout,
            Choice::Fixed(Duration::from_secs(1))
        );
    }

    #[test]
    fn durations_and_counts_may_be_ranges() {
        assert_eq!(duration("2"), Ok(Choice::Fixed(Duration::from_secs(2))));
        assert_eq!(
            duration("20ms"),
            Ok(Choice::Fixed(Duration::from_millis(20)))
        );
        assert_eq!(
            duration("1..8s"),
            Ok(Choice::Within(
                Duration::from_secs(1)..Duration::from_secs(8)
            ))
        );
        assert!((1..3).contains(&count("1..3").unwrap().draw()));
        for bad in ["", "x", "1h", "8..1", "1..1"] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
        assert!(count("0").is_err());
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
