//! `x-request-id`: what ties a caller's log to ours.

use crate::http::message::Headers;
use crate::ports::Random;

const LONGEST: usize = 128;

/// The caller's request id where it sent one that is sane, else a new one of 32 hex digits.
///
/// Sane: one value, 1 to 128 characters of those that common makers of ids use. It goes into
/// the reply and the log, so nothing else may pass.
pub fn request_id(headers: &Headers, random: &impl Random) -> String {
    let mut values = headers.all("x-request-id");
    match (
        values.next().and_then(|value| str::from_utf8(value).ok()),
        values.next(),
    ) {
        (Some(id), None) if sane(id) => id.to_owned(),
        _ => base16ct::lower::encode_string(&random.random().to_be_bytes()),
    }
}

fn sane(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:=+/@".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeHost, header_map};

    fn id(values: &[&str]) -> String {
        let headers: Vec<_> = values
            .iter()
            .map(|value| ("x-request-id", value.as_bytes()))
            .collect();
        request_id(&header_map(&headers), &FakeHost::default())
    }

    #[test]
    fn a_sane_id_is_kept() {
        let longest = "a".repeat(128);
        for sane in [
            "1",
            "8b2f9c1e-77aa-4a53-9d40-2f6b5a2d9e10",
            "Root=1-67891233-abcdef",
            &longest,
        ] {
            assert_eq!(id(&[sane]), sane);
        }
    }

    #[test]
    fn any_other_is_replaced() {
        let long = "a".repeat(129);
        for values in [
            &[][..],
            &[""],
            &["a b"],
            &["<script>"],
            &["é"],
            &[&long],
            &["a", "a"],
        ] {
            let made = id(values);
            assert!(
                made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()),
                "{values:?}"
            );
        }
    }
}
