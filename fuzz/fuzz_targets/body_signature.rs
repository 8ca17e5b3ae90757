//! Signed messages as strangers may send them, and `webhook_secret` as operators may set it:
//! nothing opens the door but a message as it was signed.
//!
//! Whoever overhears a signed message must not be able to make another of it, so one is among the
//! material. The fuzzer has no secret.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use sam_callback::config::{AccessSettings, BodySignatureSettings};
use sam_callback::credentials::{Policy, SignatureKeys};
use sam_callback::http::Received;
use sam_callback_fuzz::{Patch, patched, received};

const KEYS: &str = "s3creto whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw \
                    whpk_thwBJ4DZbx1GLtqpFF7FqV41U2HFH7SIkJXnhC8ET9Q=";

const HMAC: &str = "x-webhook-signature";
const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// A message that is signed with each of the keys.
mod genuine {
    pub const BODY: &str = r#"{"deploymentId":"d-1","status":"COMPLETED"}"#;
    pub const HMAC: &str = "9da736daa25f4d8792af6b2c4d02e92adca2d95236803c925aad0c085dbf5a7c";
    pub const ID: &str = "msg_1";
    pub const TIMESTAMP: &str = "1767323045";
    pub const BY_SECRET: &str = "v1,ei2j6z7ngyrK0XSmBZAJfde/5hP9w9+pc9CvhnWeOw0=";
    pub const BY_KEY: &str = "v1a,lZWii7xshkv8xknfQhyDBPbjZ9qtRuSElRuK+OInnautABA4lmvCEvqu0QFfFEA+b7WLnIsxZxlp/rnBxm+QBQ==";
}

static POLICY: LazyLock<Policy> = LazyLock::new(|| policy(KEYS).expect("three keys"));

#[derive(Debug, Arbitrary)]
struct Message<'a> {
    hmac: Part<'a>,
    id: Part<'a>,
    timestamp: Part<'a>,
    by_secret: Part<'a>,
    by_key: Part<'a>,
    body: Part<'a>,
    /// Instead of those that the genuine message is signed with.
    keys: Option<&'a str>,
}

/// A header, or the body.
#[derive(Debug, Arbitrary)]
enum Part<'a> {
    Genuine,
    Absent,
    Patched(Vec<Patch>),
    Any(&'a [u8]),
    /// A genuine header and another.
    Repeated(&'a [u8]),
    /// A genuine value among others.
    Among(&'a [u8], &'a [u8]),
}

fuzz_target!(init: the_door_can_be_opened(), |message: Message| {
    let received = message.received();
    let is_genuine = is_genuine(&received);
    let policy = message.keys.and_then(policy);
    let admitted = policy.as_ref().unwrap_or(&POLICY).judge(received, None);
    // Keys of the input's own may let in less, but not more.
    assert!(admitted.is_err() || is_genuine, "{admitted:?}");
});

/// One that nobody can open would prove nothing.
fn the_door_can_be_opened() {
    let signed = |[hmac, by_secret, by_key]: [Part<'static>; 3]| Message {
        hmac,
        id: Part::Genuine,
        timestamp: Part::Genuine,
        by_secret,
        by_key,
        body: Part::Genuine,
        keys: None,
    };
    for message in [
        signed([Part::Genuine, Part::Absent, Part::Absent]),
        signed([Part::Absent, Part::Genuine, Part::Absent]),
        signed([Part::Absent, Part::Absent, Part::Genuine]),
    ] {
        let admitted = POLICY.judge(message.received(), None);
        assert!(admitted.is_ok(), "{admitted:?}");
    }
}

impl Message<'_> {
    fn received(&self) -> Received {
        let headers: Vec<_> = [
            (HMAC, &self.hmac, genuine::HMAC),
            (ID, &self.id, genuine::ID),
            (TIMESTAMP, &self.timestamp, genuine::TIMESTAMP),
            (SIGNATURE, &self.by_secret, genuine::BY_SECRET),
            (SIGNATURE, &self.by_key, genuine::BY_KEY),
        ]
        .into_iter()
        .flat_map(|(name, part, genuine)| {
            let values = part.values(genuine.as_bytes()).into_iter();
            values.map(move |value| (name, value))
        })
        .collect();
        let headers = headers.iter().map(|(name, value)| (*name, &value[..]));
        let body = self.body.values(genuine::BODY.as_bytes()).concat();
        received(headers, &body)
    }
}

impl Part<'_> {
    fn values(&self, genuine: &[u8]) -> Vec<Vec<u8>> {
        match self {
            Self::Genuine => vec![genuine.to_vec()],
            Self::Absent => vec![],
            Self::Patched(patches) => vec![patched(genuine, patches)],
            Self::Any(value) => vec![value.to_vec()],
            Self::Repeated(other) => vec![genuine.to_vec(), other.to_vec()],
            Self::Among(before, after) => vec![[before, genuine, after].join(&b' ')],
        }
    }
}

/// `None` where these are no keys.
fn policy(keys: &str) -> Option<Policy> {
    let keys = SignatureKeys::parse(keys).ok()??;
    Some(Policy::new(&AccessSettings {
        body_signature: Some(BodySignatureSettings {
        header: "x-webhook-signature",
            keys,
            tolerance: Duration::from_secs(300),
        }),
        ..AccessSettings::NONE
    }))
}

fn is_genuine(received: &Received) -> bool {
    let only = |name: &str| {
        let mut values = received.headers.all(name);
        let value = values.next().filter(|_| values.next().is_none())?;
        Some(value.trim_ascii())
    };
    let by_hmac = || {
        only(HMAC).is_some_and(|value| {
            let value = value.strip_prefix(b"sha256=").unwrap_or(value);
            value.eq_ignore_ascii_case(genuine::HMAC.as_bytes())
        })
    };
    let by_standard = || {
        let signed = [genuine::BY_SECRET, genuine::BY_KEY].map(str::as_bytes);
        only(ID) == Some(genuine::ID.as_bytes())
            && only(TIMESTAMP) == Some(genuine::TIMESTAMP.as_bytes())
            && only(SIGNATURE).is_some_and(|signatures| {
                signatures
                    .split(|&byte| byte == b' ')
                    .any(|signature| signed.contains(&signature))
            })
    };
    received.body == genuine::BODY.as_bytes() && (by_hmac() || by_standard())
}
