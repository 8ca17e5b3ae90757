//! The static token: a word both sides know, in any of the configured headers.
//!
//! Each header is examined by itself, and one right token is enough: gateways put
//! keys of their own into `X-API-KEY`.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::single_header::{REPEATED, SingleHeader, bearer};
use super::{Credential, CredentialKind, Finding};
use crate::config::StaticTokens;
use crate::http::Received;
use crate::http::message::Headers;

type Hash = [u8; 32];

/// Accepted tokens and where they may come.
pub struct StaticToken {
    // Hashes have one length, so a comparison tells nothing of a token's length either.
    accepted: Vec<Hash>,
    headers: Vec<String>,
    bearer: bool,
}

impl StaticToken {
    /// Any of the tokens, in any of the headers.
    pub fn new(settings: &StaticTokens) -> Self {
        let tokens = settings.tokens.iter();
        Self {
            accepted: tokens
                .map(|token| hash(token.expose().as_bytes()))
                .collect(),
            headers: settings.headers.clone(),
            bearer: settings.bearer,
        }
    }

    fn examine_header(&self, headers: &Headers, name: &str) -> Finding {
        match SingleHeader::of(headers, name) {
            SingleHeader::Absent => Finding::Absent,
            SingleHeader::One(value) => match self.token_in(value) {
                Some(token) if self.accepts(token) => Finding::Valid,
                Some(_) => Finding::Invalid("wrong value"),
                None => Finding::Invalid("no Bearer"),
            },
            SingleHeader::Repeated => Finding::Invalid(REPEATED),
        }
    }

    /// The token in a header's value.
    fn token_in<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        if !self.bearer {
            return Some(value);
        }
        bearer(value)
    }

    /// Compares with every token, whichever is right, in a time that depends on `value` alone.
    fn accepts(&self, value: &[u8]) -> bool {
        let presented = hash(value);
        self.accepted
            .iter()
            .fold(Choice::from(0), |found, token| {
                found | token.ct_eq(&presented)
            })
            .into()
    }
}

impl Credential for StaticToken {
    fn kind(&self) -> CredentialKind {
        CredentialKind::StaticToken
    }

    fn challenge(&self) -> String {
        if self.bearer {
            return "Bearer realm=\"admin\"".to_owned();
        }
        format!(
            "StaticToken realm=\"callback\", headers=\"{}\"",
            self.headers.join(" ")
        )
    }

    fn examine(&self, received: &Received) -> Finding {
        self.headers
            .iter()
            .map(|name| self.examine_header(&received.headers, name))
            .fold(Finding::Absent, Finding::or)
    }
}

fn hash(value: &[u8]) -> Hash {
    Sha256::digest(value).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;
    use crate::testing::received;

    const WRONG: Finding = Finding::Invalid("wrong value");
    const REPEATED: Finding = Finding::Invalid("repeated header");

    type SingleHeader = &'static [(&'static str, &'static [u8])];

    fn examine(headers: SingleHeader) -> Finding {
        let settings = StaticTokens {
            tokens: vec![Secret::new("viejo"), Secret::new("nuevo-token")],
            headers: vec!["x-authorization".to_owned(), "x-api-key".to_owned()],
            bearer: false,
        };
        StaticToken::new(&settings).examine(&received(headers, b""))
    }

    #[test]
    fn each_case_of_the_headers_has_one_finding() {
        let cases: &[(SingleHeader, Finding)] = &[
            (&[], Finding::Absent),
            (&[("x-authorization", b"viejo")], Finding::Valid),
            (&[("x-authorization", b"nuevo-token")], Finding::Valid),
            (&[("x-api-key", b"nuevo-token")], Finding::Valid),
            (&[("x-authorization", b"  viejo\t")], Finding::Valid),
            (&[("authorization", b"viejo")], Finding::Absent),
            (&[("x-authorization", b"")], Finding::Absent),
            (&[("x-authorization", b"  ")], Finding::Absent),
            (&[("x-authorization", b"Viejo")], WRONG),
            (&[("x-authorization", b"viej")], WRONG),
            (&[("x-authorization", b"viejoo")], WRONG),
            (&[("x-authorization", b"viejo nuevo-token")], WRONG),
            (&[("x-authorization", b"viej\xf3")], WRONG),
            (
                &[("x-authorization", b"viejo"), ("x-authorization", b"viejo")],
                REPEATED,
            ),
            (
                &[("x-authorization", b"viejo"), ("x-authorization", b"x")],
                REPEATED,
            ),
            (
                &[("x-authorization", b""), ("x-authorization", b"viejo")],
                REPEATED,
            ),
            (
                &[
                    ("x-authorization", b"viejo"),
                    ("x-api-key", b"de-la-pasarela"),
                ],
                Finding::Valid,
            ),
            (
                &[("x-authorization", b"malo"), ("x-api-key", b"viejo")],
                Finding::Valid,
            ),
            (
                &[("x-authorization", b"malo"), ("x-api-key", b"peor")],
                WRONG,
            ),
            (&[("x-authorization", b""), ("x-api-key", b"peor")], WRONG),
        ];
        for (headers, finding) in cases {
            assert_eq!(examine(headers), *finding, "{headers:?}");
        }
    }

    #[test]
    fn where_bearer_is_wanted_it_stands_before_the_token() {
        let bearer = StaticToken::new(&StaticTokens {
            tokens: vec![Secret::new("token")],
            headers: vec!["authorization".to_owned()],
            bearer: true,
        });
        for (value, finding) in [
            (&b"Bearer token"[..], Finding::Valid),
            (b"bearer  token ", Finding::Valid),
            (b"Bearer Bearer token", WRONG),
            (b"Bearer tokens", WRONG),
            (b"Bearer", Finding::Invalid("no Bearer")),
            (b"token", Finding::Invalid("no Bearer")),
            (b"Basic token", Finding::Invalid("no Bearer")),
        ] {
            let received = received(&[("authorization", value)], b"");
            assert_eq!(bearer.examine(&received), finding, "{value:?}");
        }
        assert_eq!(bearer.challenge(), "Bearer realm=\"admin\"");
    }

    #[test]
    fn with_no_token_configured_nothing_is_right() {
        let none = StaticToken::new(&StaticTokens {
            tokens: Vec::new(),
            headers: vec!["x-authorization".to_owned()],
            bearer: false,
        });
        for value in [&b"x"[..], b"null"] {
            let received = received(&[("x-authorization", value)], b"");
            assert_eq!(none.examine(&received), WRONG);
        }
    }
}
