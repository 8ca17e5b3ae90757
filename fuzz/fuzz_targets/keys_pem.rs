//! `jwt_public_key` in PEM as operators may paste it, damaged or made up: it is read or refused,
//! and no key that is read takes a forged token.

#![no_main]

use std::sync::LazyLock;

use base64ct::{Base64, Encoding as _};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use sam_callback::credentials::Keys;
use sam_callback_fuzz::{MOST_KEYS, Patch, der, patched, refuses_forgery};

const LABELS: [&str; 6] = [
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "CERTIFICATE",
    "PRIVATE KEY",
    "EC PARAMETERS",
    "",
];

/// Of the kinds that are taken, and of others.
static GENUINE: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    [
        include_str!("../../tests/keys/rsa.pem"),
        include_str!("../../tests/keys/rsa.pkcs1.pem"),
        include_str!("../../tests/keys/p256.pem"),
        include_str!("../../tests/keys/ed25519.pem"),
        include_str!("../../tests/keys/rsa-2047.pem"),
        include_str!("../../tests/keys/rsa-8192.pem"),
        include_str!("../../tests/keys/rsa-pss.pem"),
        include_str!("../../tests/keys/p384.pem"),
        include_str!("../../tests/keys/ed448.pem"),
        include_str!("../../tests/keys/certificate.pem"),
        NEUTRAL,
    ]
    .map(der)
    .into()
});

/// The neutral element of Ed25519, whose signatures fit every message.
const NEUTRAL: &str = "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[derive(Debug, Arbitrary)]
enum Text<'a> {
    Any(&'a str),
    Blocks(Vec<Block<'a>>),
}

#[derive(Debug, Arbitrary)]
struct Block<'a> {
    label: u8,
    der: Der<'a>,
}

#[derive(Debug, Arbitrary)]
enum Der<'a> {
    Genuine { which: u8, patches: Vec<Patch> },
    Any(&'a [u8]),
}

fuzz_target!(|data: (u16, Text)| {
    let (shape, text) = data;
    let text = match text {
        Text::Any(text) => text.to_owned(),
        Text::Blocks(blocks) => blocks.iter().take(MOST_KEYS).map(Block::pem).collect(),
    };
    if let Ok(keys) = Keys::parse(&text) {
        refuses_forgery(keys, shape);
    }
});

impl Block<'_> {
    fn pem(&self) -> String {
        let label = LABELS[usize::from(self.label) % LABELS.len()];
        let body = match &self.der {
            Der::Genuine { which, patches } => {
                patched(&GENUINE[usize::from(*which) % GENUINE.len()], patches)
            }
            Der::Any(der) => der.to_vec(),
        };
        let body = Base64::encode_string(&body);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }
}
