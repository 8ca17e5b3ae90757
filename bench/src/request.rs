//! Callbacks and messages as bytes, the same for the component and for the floors.

use ring::hmac;

use crate::keys::Tokens;

/// The static token that is right.
pub const TOKEN: &str = "un-token-para-medir";

/// The secret of signed messages.
pub const SECRET: &str = "un-secreto-para-medir";

/// A static token that is none, as a header.
pub const WRONG: &str = "x-authorization: un-token-que-no-es\r\n";

/// How many different small requests are sent in turn: more than an instance remembers or serves.
const SMALL: u32 = 4096;

/// Large ones take their time anyhow.
const LARGE: u32 = 8;

/// A body's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    Small,
    Large,
}

/// What a request has to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The static token.
    Token,
    /// A static token that is none.
    WrongToken,
    /// The same, each time from another client address.
    WrongTokenFromAnywhere,
    /// One JWT, over and over.
    OneJwt,
    /// A JWT that was not there before.
    NewJwt,
    /// The body's signature, which is a message of its own kind.
    Signature,
}

impl Body {
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "300 B",
            Self::Large => "500 KB",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Small => 300,
            Self::Large => 500_000,
        }
    }

    fn different(self) -> u32 {
        match self {
            Self::Small => SMALL,
            Self::Large => LARGE,
        }
    }
}

/// Different requests of one kind. `series` is in their deployments' ids: no two have the same.
pub fn requests(
    credential: Credential,
    body: Body,
    kept_alive: bool,
    tokens: &Tokens,
    series: u32,
) -> Vec<Vec<u8>> {
    let request = |number| {
        let id = deployment_id(series, number);
        let (path, text) = match credential {
            Credential::Signature => ("/webhook/receive", message(&id, body.bytes())),
            _ => ("/api/callback", callback(&id, body.bytes())),
        };
        let header = match credential {
            Credential::WrongTokenFromAnywhere => from_anywhere(series * body.different() + number),
            _ => credential_header(credential, number, &text, tokens),
        };
        with_body(path, &header, kept_alive, &text)
    };
    (0..body.different()).map(request).collect()
}

/// In the request of this number.
pub fn deployment_id(series: u32, number: u32) -> String {
    format!("medida-{series}-{number}")
}

/// A request without a body.
pub fn without_body(method: &str, path: &str, header: &str) -> Vec<u8> {
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}\r\n");
    head.into_bytes()
}

fn with_body(path: &str, credential: &str, kept_alive: bool, body: &str) -> Vec<u8> {
    let connection = if kept_alive {
        ""
    } else {
        "connection: close\r\n"
    };
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{connection}{credential}\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

fn callback(id: &str, bytes: usize) -> String {
    let start =
        format!(r#"{{"deploymentId":"{id}","status":"COMPLETED","botOutput":{{"resultado":""#);
    padded(start, r#""}}"#, bytes)
}

fn message(id: &str, bytes: usize) -> String {
    let start = format!(r#"{{"type":"user_info","user_id":"{id}","metadata":{{}},"content":""#);
    padded(start, r#""}"#, bytes)
}

fn padded(start: String, end: &str, bytes: usize) -> String {
    let padding = bytes.saturating_sub(start.len() + end.len());
    start + &"x".repeat(padding) + end
}

fn credential_header(credential: Credential, number: u32, body: &str, tokens: &Tokens) -> String {
    match credential {
        Credential::Token => format!("x-authorization: {TOKEN}\r\n"),
        Credential::WrongToken | Credential::WrongTokenFromAnywhere => WRONG.to_owned(),
        Credential::OneJwt => format!("authorization: Bearer {}\r\n", tokens.numbered(0)),
        Credential::NewJwt => format!("authorization: Bearer {}\r\n", tokens.numbered(number)),
        Credential::Signature => format!("x-webhook-signature: sha256={}\r\n", signature(body)),
    }
}

/// Each client address has its own attempts.
fn from_anywhere(number: u32) -> String {
    let [_, a, b, c] = number.to_be_bytes();
    format!("{WRONG}x-forwarded-for: 10.{a}.{b}.{c}\r\n")
}

fn signature(body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = hmac::sign(&key, body.as_bytes());
    base16ct::lower::encode_string(signed.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(credential: Credential, body: Body, kept_alive: bool) -> Vec<String> {
        let tokens = Tokens::of(&["a", "b"]);
        let requests = requests(credential, body, kept_alive, &tokens, 7);
        let text = |request| String::from_utf8(request).expect("text");
        requests.into_iter().map(text).collect()
    }

    #[test]
    fn bodies_have_their_size_and_heads_say_so() {
        for (body, bytes) in [(Body::Small, 300), (Body::Large, 500_000)] {
            for request in text(Credential::Token, body, true).iter().take(3) {
                let (head, text) = request.split_once("\r\n\r\n").expect("a head");
                assert_eq!(text.len(), bytes);
                assert!(head.contains(&format!("\r\ncontent-length: {bytes}\r\n")));
                assert!(!head.contains("connection"));
                let parsed: serde_json::Value = serde_json::from_str(text).expect("JSON");
                assert_eq!(parsed["status"], "COMPLETED");
            }
        }
        assert!(
            text(Credential::Token, Body::Small, false)[0].contains("\r\nconnection: close\r\n")
        );
    }

    #[test]
    fn each_request_is_another_callback() {
        let sent = text(Credential::Token, Body::Small, true);
        assert_ne!(sent[0], sent[1]);
        assert!(sent[1].contains(r#""deploymentId":"medida-7-1""#));
    }

    #[test]
    fn credentials_are_the_same_or_others_as_they_are_named() {
        let header = |credential, number: usize| {
            let sent = text(credential, Body::Small, true);
            let (head, _) = sent[number].split_once("\r\n\r\n").expect("a head");
            head.lines().skip(4).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(header(Credential::OneJwt, 0), "authorization: Bearer a");
        assert_eq!(header(Credential::OneJwt, 1), "authorization: Bearer a");
        assert_eq!(header(Credential::NewJwt, 1), "authorization: Bearer b");
        assert_eq!(header(Credential::NewJwt, 2), "authorization: Bearer a");
        let address = header(Credential::WrongTokenFromAnywhere, 258);
        assert!(
            address.ends_with("x-forwarded-for: 10.0.113.2"),
            "{address}"
        );
    }

    #[test]
    fn a_message_is_signed_as_the_senders_do_it() {
        // printf '{}' | openssl dgst -sha256 -hmac un-secreto-para-medir
        let openssls = "8b20e9f74ec25a861b5c02f4f2b8830ffbf2c6d70de6ac737da4d455f1b868f2";
        assert_eq!(signature("{}"), openssls);
        let sent = text(Credential::Signature, Body::Small, true);
        let (head, body) = sent[0].split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("POST /webhook/receive "));
        assert!(head.ends_with(&signature(body)), "{head}");
    }
}
