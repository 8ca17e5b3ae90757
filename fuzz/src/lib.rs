//! What the fuzz targets share: requests, tokens, and the check that no forged one gets in.
//!
//! A target is run from the folder above with `cargo +nightly fuzz run <target>`.

use std::time::{Duration, SystemTime};

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use sam_callback::config::{AccessSettings, JwtSettings};
use sam_callback::credentials::{Keys, Policy};
use sam_callback::http::Received;
use sam_callback::http::message::Headers;

/// 2026-01-02T03:04:05Z: fixed, so that an input found today fails tomorrow too.
pub const NOW: Duration = Duration::from_secs(1_767_323_045);

/// The algorithms that tokens are verified by, and two that must never be.
pub const ALGORITHMS: [&str; 10] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA", "none", "HS256",
];

/// Claims that hold.
pub const CLAIMS: &[u8] = br#"{"exp":1e300}"#;

/// The `kid` of forged tokens that have one.
pub const KEY_ID: &str = "1";

/// How many keys there are at most where the input says how many: a token may be verified with
/// each of them.
pub const MOST_KEYS: usize = 8;

/// A request at a fixed moment.
pub fn received<'a>(
    headers: impl IntoIterator<Item = (&'static str, &'a [u8])>,
    body: &[u8],
) -> Received {
    let mut fields = Headers::default();
    for (name, value) in headers {
        fields.add(name, value);
    }
    Received {
        headers: fields,
        body: body.to_owned(),
        at: SystemTime::UNIX_EPOCH + NOW,
    }
}

/// A door that tokens by these keys open, and nothing else.
pub fn token_policy(keys: Keys) -> Policy {
    Policy::new(&AccessSettings {
        jwt: Some(JwtSettings {
            keys: Some(keys),
            published: None,
            issuer: None,
            audience: None,
            leeway: Duration::from_secs(60),
        }),
        ..AccessSettings::NONE
    })
}

/// A token that is well formed, whatever its parts are.
pub fn token(header: &[u8], claims: &[u8], signature: &[u8]) -> String {
    [header, claims, signature]
        .map(Base64UrlUnpadded::encode_string)
        .join(".")
}

/// Checks that signatures which others have found to be taken by mistake (zero, one, Ed25519's
/// neutral element, all bits set) open nothing, whatever the keys are. `shape` says which of
/// them, by which algorithm, for which size of an RSA key, and whether the token names its key:
/// one token a run, because with some keys each costs milliseconds here.
pub fn refuses_forgery(keys: Keys, shape: u16) {
    let mut shape = usize::from(shape);
    let mut choose = |among: usize| {
        let choice = shape % among;
        shape /= among;
        choice
    };
    let algorithm = ALGORITHMS[choose(ALGORITHMS.len())];
    let fill = choose(4);
    let key_id = match choose(2) {
        0 => String::new(),
        _ => format!(r#","kid":"{KEY_ID}""#),
    };
    let length = match algorithm {
        "ES256" | "EdDSA" => 64,
        _ => 256 + choose(257),
    };
    let mut signature = vec![if fill == 3 { 0xff } else { 0 }; length];
    match fill {
        1 => signature[length - 1] = 1,
        2 => signature[0] = 1,
        _ => {}
    }
    let header = format!(r#"{{"alg":"{algorithm}"{key_id}}}"#);
    let token = token(header.as_bytes(), CLAIMS, &signature);
    let value = format!("Bearer {token}");
    let received = received([("authorization", value.as_bytes())], b"");
    let refused = token_policy(keys).judge(received, None);
    assert!(refused.is_err(), "{token} gets in");
}

/// What somebody may do to bytes that are genuine. Places are counted round and round.
#[derive(Debug, Arbitrary)]
pub enum Patch {
    Flip { place: u16, bits: u8 },
    Fill { place: u16, count: u8, with: u8 },
    Insert { place: u16, byte: u8 },
    Remove { place: u16 },
    Cut { place: u16 },
}

impl Patch {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let at = |place: u16| usize::from(place) % length.max(1);
        match *self {
            Self::Insert { place, byte } => bytes.insert(at(place), byte),
            _ if bytes.is_empty() => {}
            Self::Flip { place, bits } => bytes[at(place)] ^= bits,
            Self::Fill { place, count, with } => {
                let run = bytes[at(place)..].iter_mut();
                run.take(count.into()).for_each(|byte| *byte = with);
            }
            Self::Remove { place } => {
                bytes.remove(at(place));
            }
            Self::Cut { place } => bytes.truncate(at(place)),
        }
    }
}

/// `genuine`, after all of that.
pub fn patched(genuine: &[u8], patches: &[Patch]) -> Vec<u8> {
    let mut bytes = genuine.to_vec();
    patches.iter().for_each(|patch| patch.apply(&mut bytes));
    bytes
}

/// What is inside of a PEM file with one block.
pub fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    Base64::decode_vec(&lines.collect::<String>()).expect("Base64")
}
