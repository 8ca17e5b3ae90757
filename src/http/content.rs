//! What the headers say of a body: its type, and its coding.

use super::Refusal;
use crate::http::message::Headers;

/// Refuses a content type that is not JSON. None at all is taken as JSON.
pub fn require_json(headers: &Headers) -> Result<(), Refusal> {
    let mut values = headers.all("content-type");
    match (values.next(), values.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if str::from_utf8(value).is_ok_and(is_json) => Ok(()),
        _ => Err(Refusal::UnsupportedMediaType),
    }
}

/// Refuses a body in any content coding: nothing here decodes one (RFC 9110, 8.4 and 15.5.16).
pub fn require_identity(headers: &Headers) -> Result<(), Refusal> {
    let is_identity = |value: &[u8]| {
        let codings = str::from_utf8(value).map(|value| value.split(','));
        codings.is_ok_and(|mut codings| {
            codings.all(|coding| {
                let coding = coding.trim();
                coding.is_empty() || coding.eq_ignore_ascii_case("identity")
            })
        })
    };
    match headers.all("content-encoding").all(is_identity) {
        true => Ok(()),
        false => Err(Refusal::UnsupportedEncoding),
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    matches!(essence.as_str(), "" | "application/json" | "text/json")
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::header_map;

    #[test]
    fn a_content_type_is_json_or_refused() {
        for (content_type, json) in [
            ("application/json", true),
            ("APPLICATION/JSON; charset=utf-8", true),
            ("application/json;charset=UTF-8", true),
            ("text/json", true),
            ("application/vnd.a360+json", true),
            ("", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonp", false),
            ("application/xml; application/json", false),
        ] {
            let headers = header_map(&[("content-type", content_type.as_bytes())]);
            assert_eq!(require_json(&headers).is_ok(), json, "{content_type}");
        }
        assert!(require_json(&Headers::default()).is_ok());
        let twice = header_map(&[
            ("content-type", b"application/json"),
            ("content-type", b"text/plain"),
        ]);
        assert_eq!(require_json(&twice), Err(Refusal::UnsupportedMediaType));
    }

    #[test]
    fn a_content_coding_is_identity_or_refused() {
        for (values, taken) in [
            (&[][..], true),
            (&["identity"], true),
            (&["Identity , IDENTITY"], true),
            (&[""], true),
            (&["gzip"], false),
            (&["x-gzip"], false),
            (&["br"], false),
            (&["zstd"], false),
            (&["identity, deflate"], false),
            (&["identity", "gzip"], false),
            (&["utf-8"], false),
            (&["identity;q=1"], false),
        ] {
            let mut headers = Headers::default();
            for value in values {
                headers.add("Content-Encoding", *value);
            }
            assert_eq!(require_identity(&headers).is_ok(), taken, "{values:?}");
        }
        let not_text = header_map(&[("content-encoding", b"\xff")]);
        assert_eq!(
            require_identity(&not_text),
            Err(Refusal::UnsupportedEncoding)
        );
    }
}
