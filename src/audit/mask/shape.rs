//! Secrets that need no name: tokens, keys, and whatever is as random as they are.

use std::borrow::Cow;

use super::known::MASK;

/// How the tokens and keys begin that are given out most.
const PREFIXES: &[&str] = &[
    "eyJ",
    "whsec_",
    "whsk_",
    "whpk_",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "GOCSPX-",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "sk-",
    "SG.",
    "hf_",
    "npm_",
    "pypi-",
    "sbp_",
    "sb_secret_",
    "cal_live_",
    "dop_v1_",
    "shpat_",
    "$2a$",
    "$2b$",
    "$2y$",
    "$argon2",
];

/// What follows a prefix at least.
const SHORTEST_REST: usize = 4;

/// Shorter words are not called random.
const SHORTEST_RANDOM: usize = 20;

/// What tokens are made of beside letters and digits.
const SIGNS: &str = "+/=_-.~%$";

/// Whether there is a key in PEM.
pub fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN")
}

/// Whether a token stands somewhere in the text that is one by its beginning.
pub fn has_token(text: &str) -> bool {
    is_pem(text) || words(text, &[]).any(|(word, is_word)| is_word && is_token(word))
}

/// The text without words that look like tokens and keys; `apart` does not join them.
pub fn mask<'a>(text: &'a str, apart: &[char]) -> Cow<'a, str> {
    let looks = |(word, is_word): (&str, bool)| is_word && (is_token(word) || is_random(word));
    if !words(text, apart).any(looks) {
        return Cow::Borrowed(text);
    }
    let visible = words(text, apart).map(|part| if looks(part) { MASK } else { part.0 });
    Cow::Owned(visible.collect())
}

/// The words of a text, and what is between them.
fn words<'a>(text: &'a str, apart: &[char]) -> impl Iterator<Item = (&'a str, bool)> {
    let is_of_word =
        |c: char| (c.is_ascii_alphanumeric() || SIGNS.contains(c)) && !apart.contains(&c);
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_word = is_of_word(rest.chars().next()?);
        let end = rest
            .find(|c| is_of_word(c) != is_word)
            .unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some((word, is_word))
    })
}

fn is_token(word: &str) -> bool {
    PREFIXES.iter().any(|prefix| {
        let mut starts = word.match_indices(prefix).map(|(start, _)| start);
        starts.any(|start| {
            let begins = start == 0 || !word.as_bytes()[start - 1].is_ascii_alphanumeric();
            begins && word.len() - start >= prefix.len() + SHORTEST_REST
        })
    })
}

/// Whether a word is so long and mixed that it is no name, id or date.
fn is_random(word: &str) -> bool {
    let pieces = word.split(['_', '.', '/', '=', '+', '~', '%', '$']);
    let is_id = pieces
        .clone()
        .all(|piece| is_uuid(piece) || piece.len() < SHORTEST_RANDOM);
    let has_uuid = pieces.clone().any(is_uuid);
    if word.len() < SHORTEST_RANDOM || (is_id && has_uuid) {
        return false;
    }
    let is_mixed = |piece: &str| {
        let digits = piece.bytes().filter(u8::is_ascii_digit).count();
        piece.len() >= SHORTEST_RANDOM && digits >= 2 && digits < piece.len()
    };
    word.split(|c: char| !c.is_ascii_alphanumeric())
        .any(is_mixed)
        || changes(word) * 5 >= word.len()
}

/// How often a digit stands beside a letter, or a capital behind a small letter.
fn changes(word: &str) -> usize {
    let pairs = word.as_bytes().windows(2);
    let changes = |pair: &&[u8]| match (pair[0], pair[1]) {
        (a, b) if !a.is_ascii_alphanumeric() || !b.is_ascii_alphanumeric() => false,
        (a, b) => {
            a.is_ascii_digit() != b.is_ascii_digit()
                || (a.is_ascii_lowercase() && b.is_ascii_uppercase())
        }
    };
    pairs.filter(changes).count()
}

/// An id that tells nothing: 8-4-4-4-12 hex digits.
fn is_uuid(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
