//! `Authorization` as strangers may send it: nothing opens the door but a token as it was signed.
//!
//! Whoever holds a signed token must not be able to make another of it, so some are among the
//! material. The fuzzer has no private key.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use sam_callback::credentials::{Keys, Policy};
use sam_callback::http::Received;
use sam_callback_fuzz::{ALGORITHMS, CLAIMS, Patch, patched, received, token, token_policy};

/// Signed with the private keys of `tests/keys/`, by RS256, PS256, ES256 and EdDSA.
const GENUINE: &str = include_str!("../genuine_tokens.txt");

const KEYS: &str = concat!(
    include_str!("../../tests/keys/rsa.pem"),
    include_str!("../../tests/keys/p256.pem"),
    include_str!("../../tests/keys/ed25519.pem"),
);

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| token_policy(Keys::parse(KEYS).expect("three keys")));

#[derive(Debug, Arbitrary)]
enum Request<'a> {
    /// A genuine token after somebody had it in hand, and a second value beside it.
    Genuine {
        which: u8,
        patches: Vec<Patch>,
        second: Option<&'a [u8]>,
    },
    /// A token that gets as far as the keys.
    WellFormed {
        algorithm: u8,
        /// Gives the signature the length that is right, which is hard to find by chance.
        sized: bool,
        more_of_header: &'a [u8],
        claims: Option<&'a [u8]>,
        signature: &'a [u8],
    },
    Bearer(&'a [u8]),
    Values(Vec<&'a [u8]>),
}

fuzz_target!(init: the_door_can_be_opened(), |request: Request| {
    let received = request.received();
    let is_genuine = is_genuine(&received);
    let admitted = POLICY.judge(received, None);
    assert_eq!(admitted.is_ok(), is_genuine, "{admitted:?}");
});

/// One that nobody can open would prove nothing.
fn the_door_can_be_opened() {
    for genuine in GENUINE.lines() {
        let admitted = POLICY.judge(with(&[&bearer(genuine.as_bytes())]), None);
        assert!(admitted.is_ok(), "{admitted:?}");
    }
}

impl Request<'_> {
    fn received(&self) -> Received {
        match self {
            Self::Genuine {
                which,
                patches,
                second,
            } => {
                let genuine: Vec<_> = GENUINE.lines().collect();
                let genuine = genuine[usize::from(*which) % genuine.len()];
                let first = bearer(&patched(genuine.as_bytes(), patches));
                let mut values = vec![&first[..]];
                values.extend(second);
                with(&values)
            }
            Self::WellFormed {
                algorithm,
                sized,
                more_of_header,
                claims,
                signature,
            } => {
                let algorithm = ALGORITHMS[usize::from(*algorithm) % ALGORITHMS.len()];
                let begin = format!(r#"{{"alg":"{algorithm}""#);
                let header = [begin.as_bytes(), more_of_header, b"}"].concat();
                let mut signature = signature.to_vec();
                if *sized {
                    let length = match algorithm {
                        "ES256" | "EdDSA" => 64,
                        _ => 256,
                    };
                    signature.resize(length, 0);
                }
                let claims = claims.unwrap_or(CLAIMS);
                with(&[&bearer(token(&header, claims, &signature).as_bytes())])
            }
            Self::Bearer(token) => with(&[&bearer(token)]),
            Self::Values(values) => with(values),
        }
    }
}

fn bearer(token: &[u8]) -> Vec<u8> {
    [b"Bearer ", token].concat()
}

fn with(values: &[&[u8]]) -> Received {
    received(values.iter().map(|value| ("authorization", *value)), b"")
}

fn is_genuine(received: &Received) -> bool {
    let mut values = received.headers.all("authorization");
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Some((scheme, token)) = value.trim_ascii().split_at_checked(7) else {
        return false;
    };
    scheme.eq_ignore_ascii_case(b"Bearer ")
        && GENUINE
            .lines()
            .any(|genuine| genuine.as_bytes() == token.trim_ascii())
}
