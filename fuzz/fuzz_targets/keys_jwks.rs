//! `jwt_public_key` in JSON, a JWK or a JWKS, damaged or made up: it is read or refused, and no
//! key that is read takes a forged token.

#![no_main]

use std::sync::LazyLock;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use sam_callback::credentials::Keys;
use sam_callback_fuzz::{KEY_ID, MOST_KEYS, Patch, patched, refuses_forgery};
use serde_json::Value;

const MEMBERS: [&str; 13] = [
    "kty", "crv", "use", "key_ops", "alg", "kid", "n", "e", "x", "y", "d", "keys", "x5c",
];

const WORDS: [&str; 24] = [
    "RSA", "EC", "OKP", "oct", "P-256", "P-384", "Ed25519", "X25519", "sig", "enc", "verify",
    "sign", "RS256", "RS512", "PS256", "PS384", "ES256", "EdDSA", "HS256", "none", "AQAB", "AQ",
    "Aw", KEY_ID,
];

/// Lengths that numbers of keys have, and others beside them.
const LENGTHS: [usize; 12] = [0, 1, 3, 31, 32, 33, 48, 255, 256, 257, 512, 1024];

/// JWKs of the kinds that are taken, and of others.
static GENUINE: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let keys = include_str!("../../tests/keys/jwk.json");
    let keys: serde_json::Map<_, _> = serde_json::from_str(keys).expect("JSON");
    let neutral = serde_json::from_str(NEUTRAL).expect("JSON");
    let keys = keys.into_iter().map(|(_, key)| key);
    keys.chain([neutral]).collect()
});

/// The neutral element of Ed25519, whose signatures fit every message.
const NEUTRAL: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;

#[derive(Debug, Arbitrary)]
enum Text<'a> {
    Any(&'a str),
    Key(Key<'a>),
    Set(Vec<Key<'a>>),
}

/// A key to begin with, and what is made of it.
#[derive(Debug, Arbitrary)]
struct Key<'a> {
    genuine: Option<u8>,
    changes: Vec<Change<'a>>,
}

#[derive(Debug, Arbitrary)]
struct Change<'a> {
    member: u8,
    /// Puts the member in once more and leaves the one that is there.
    twice: bool,
    to: To<'a>,
}

#[derive(Debug, Arbitrary)]
enum To<'a> {
    Word(u8),
    Words(Vec<u8>),
    Text(&'a str),
    /// As base64url.
    Bytes(&'a [u8]),
    /// A number of such a length, as base64url.
    Sized {
        length: u8,
        with: u8,
        patches: Vec<Patch>,
    },
    /// What is there, if it is base64url.
    Patched(Vec<Patch>),
    /// Whatever: JSON or not.
    Raw(&'a str),
    Null,
}

fuzz_target!(|data: (u16, Text)| {
    let (shape, text) = data;
    let text = match text {
        Text::Any(text) => text.to_owned(),
        Text::Key(key) => key.json(),
        Text::Set(keys) => {
            let keys: Vec<_> = keys.iter().take(MOST_KEYS).map(Key::json).collect();
            format!(r#"{{"keys":[{}]}}"#, keys.join(","))
        }
    };
    if let Ok(keys) = Keys::parse(&text) {
        refuses_forgery(keys, shape);
    }
});

impl Key<'_> {
    fn json(&self) -> String {
        let genuine = self.genuine.map(usize::from);
        let genuine = genuine.and_then(|key| GENUINE[key % GENUINE.len()].as_object());
        let mut members: Vec<(&str, String)> = genuine
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value.to_string()))
            .collect();
        for change in &self.changes {
            let name = MEMBERS[usize::from(change.member) % MEMBERS.len()];
            let there = members.iter_mut().find(|(member, _)| *member == name);
            let to = change
                .to
                .json(there.as_ref().map_or("", |(_, value)| value));
            match there {
                Some(there) if !change.twice => there.1 = to,
                _ => members.push((name, to)),
            }
        }
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| format!("{name:?}:{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

impl To<'_> {
    fn json(&self, there: &str) -> String {
        let word = |choice: &u8| WORDS[usize::from(*choice) % WORDS.len()];
        let number = |bytes: &[u8]| Value::from(Base64UrlUnpadded::encode_string(bytes));
        let value = match self {
            Self::Word(choice) => word(choice).into(),
            Self::Words(choices) => choices.iter().map(word).collect(),
            Self::Text(text) => (*text).into(),
            Self::Bytes(bytes) => number(bytes),
            Self::Sized {
                length,
                with,
                patches,
            } => {
                let length = LENGTHS[usize::from(*length) % LENGTHS.len()];
                number(&patched(&vec![*with; length], patches))
            }
            Self::Patched(patches) => {
                let there = Base64UrlUnpadded::decode_vec(there.trim_matches('"'));
                number(&patched(&there.unwrap_or_default(), patches))
            }
            Self::Raw(raw) => return (*raw).to_owned(),
            Self::Null => Value::Null,
        };
        value.to_string()
    }
}
