//! Settings that hold secrets: what is read of them, how strong each has to be, and that none of
//! them serves two purposes.

use serde_json::Value as Json;
use zeroize::Zeroizing;

use super::error::SettingError;
use super::pasted::{implausible, odd_character, unfilled, unquoted};
use super::reader::{Reader, SecretInUse};
use super::{Noted, Secret, SignatureKeys};

/// Least length of a credential, in characters; of a `whsec_` key, in bytes.
const LEAST: usize = 16;

/// Prefixes of Standard Webhooks' keys.
const STANDARD: [&str; 3] = ["whsec_", "whpk_", "whsk_"];

/// Tokens separated by spaces, each of them a credential.
pub fn tokens(reader: &mut Reader, setting: &'static str) -> Result<Vec<Secret>, Noted> {
    let tokens = reader.read(setting, read_tokens)?;
    let mut is_strong = true;
    for (index, token) in tokens.iter().enumerate() {
        let word = which(index, tokens.len());
        let characters = token.expose().chars().count();
        if characters < LEAST {
            is_strong &= reader.note_weakness(setting, too_short(&word));
        }
        in_use(reader, setting, token.expose().as_bytes(), true, word);
    }
    match is_strong {
        true => Ok(tokens),
        false => Err(Noted),
    }
}

/// Keys of body signatures separated by spaces; `None` where there is none.
pub fn signature_keys(
    reader: &mut Reader,
    setting: &'static str,
) -> Result<Option<SignatureKeys>, Noted> {
    let words = reader.read(setting, read_signature_words)?;
    keys_of(reader, setting, &words, true)
}

/// Keys that the component signs with itself, so all of them `whsec_`; `None` where there is none.
pub fn signing_keys(
    reader: &mut Reader,
    setting: &'static str,
) -> Result<Option<SignatureKeys>, Noted> {
    let words = reader.read(setting, read_signature_words)?;
    if words.iter().any(|word| !word.starts_with(STANDARD[0])) {
        let what = "debe ser una clave de Standard Webhooks, que empieza por «whsec_»";
        return Err(reader.problem(setting, SettingError::new(what)));
    }
    keys_of(reader, setting, &words, false)
}

/// The keys in these words, each of which was read before.
fn keys_of(
    reader: &mut Reader,
    setting: &'static str,
    words: &[Zeroizing<String>],
    is_credential: bool,
) -> Result<Option<SignatureKeys>, Noted> {
    let mut is_strong = true;
    for (index, text) in words.iter().enumerate() {
        let word = which(index, words.len());
        let Some(key) = SignatureKeys::parse(text).ok().flatten() else {
            continue;
        };
        if let Some(secret) = key.plain_secret() {
            if secret.chars().count() < LEAST {
                is_strong &= reader.note_weakness(setting, too_short(&word));
            }
            in_use(reader, setting, secret.as_bytes(), is_credential, word);
        } else if let Some(bytes) = key.shared_secret() {
            if bytes.len() < LEAST {
                let what = format!(
                    "{word}lo que sigue a «whsec_» tiene menos de {LEAST} bytes: pida otra clave"
                );
                is_strong &= reader.note_weakness(setting, SettingError(what));
            }
            in_use(reader, setting, bytes, is_credential, word.clone());
            in_use(reader, setting, text.as_bytes(), is_credential, word);
        }
    }
    let words: Vec<_> = words.iter().map(|word| word.as_str()).collect();
    let all = Zeroizing::new(words.join(" "));
    match SignatureKeys::parse(&all) {
        Ok(keys) if is_strong => Ok(keys),
        Ok(_) => Err(Noted),
        // Together they are too many.
        Err(error) => Err(reader.problem(setting, SettingError::new(error.to_string()))),
    }
}

/// A secret that is sent to another service; `None` where there is none.
pub fn sent(reader: &mut Reader, setting: &'static str) -> Result<Option<Secret>, Noted> {
    let secret = reader.read(setting, read_sent)?;
    if let Some(secret) = &secret {
        let bytes = secret.expose().as_bytes();
        in_use(reader, setting, bytes, false, String::new());
    }
    Ok(secret)
}

/// Notes a secret that is sent to another service as a part of `setting`.
pub fn note_sent(reader: &mut Reader, setting: &'static str, bytes: &[u8]) {
    in_use(reader, setting, bytes, false, String::new());
}

/// Settings that share a credential's value with another setting, and are wrong for it.
pub fn reused(reader: &mut Reader) -> Vec<&'static str> {
    let in_use = std::mem::take(&mut reader.in_use);
    let (mut noted, mut wrong) = (Vec::new(), Vec::new());
    for one in in_use.iter().filter(|one| one.is_credential) {
        let is_other =
            |other: &&SecretInUse| other.setting != one.setting && other.bytes == one.bytes;
        let Some(other) = in_use.iter().find(is_other) else {
            continue;
        };
        if noted.contains(&one.setting) {
            continue;
        }
        noted.push(one.setting);
        let error = format!(
            "{}también es el valor de {}: cada secreto sirve para una sola cosa; genere otro",
            one.word, other.setting
        );
        if !reader.note_weakness(one.setting, SettingError(error)) {
            wrong.push(one.setting);
        }
    }
    wrong
}

fn in_use(
    reader: &mut Reader,
    setting: &'static str,
    bytes: &[u8],
    is_credential: bool,
    word: String,
) {
    reader.in_use.push(SecretInUse {
        setting,
        bytes: Zeroizing::new(bytes.to_vec()),
        is_credential,
        word,
    });
}

/// Which word of a setting an error is about; nothing where there is one.
fn which(index: usize, number: usize) -> String {
    match number {
        1 => String::new(),
        _ => format!("palabra {} de {number}: ", index + 1),
    }
}

fn too_short(word: &str) -> SettingError {
    SettingError(format!(
        "{word}tiene menos de {LEAST} caracteres: genere otro con «openssl rand -hex 32»; si en \
         .env lleva «$», póngalo entre comillas simples"
    ))
}

fn read_tokens(value: &str) -> Result<Vec<Secret>, SettingError> {
    fail_on_json(value)?;
    let words: Vec<_> = value.split_ascii_whitespace().map(unquoted).collect();
    for (index, word) in words.iter().enumerate() {
        let place = which(index, words.len());
        if let Some(what) = implausible(word, true) {
            return Err(SettingError(format!("{place}{what}")));
        }
        // Other characters cannot come in a header, or not in the same way from every caller.
        if word.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(SettingError(format!(
                "{place}un token solo puede tener letras, números y signos ASCII, sin tildes ni eñes"
            )));
        }
    }
    Ok(words.into_iter().map(Secret::new).collect())
}

/// The words, each of them a key; prefixes in lower case.
fn read_signature_words(value: &str) -> Result<Vec<Zeroizing<String>>, SettingError> {
    fail_on_json(value)?;
    let mut words = Vec::new();
    for word in value.split_ascii_whitespace().map(unquoted) {
        match standard_keys(word) {
            Some(keys) => words.extend(keys),
            None => words.push(Zeroizing::new(word.to_owned())),
        }
    }
    for (index, word) in words.iter().enumerate() {
        let place = which(index, words.len());
        let error = |what: String| SettingError(format!("{place}{what}"));
        if standard_prefix(word).is_none()
            && let Some(what) = misprefixed(word).or_else(|| implausible(word, true))
        {
            return Err(error(what));
        }
        SignatureKeys::parse(word).map_err(|wrong| error(wrong.to_string()))?;
    }
    Ok(words)
}

/// The keys in a word that has only Standard Webhooks' keys in it, and perhaps commas. Some
/// services show one behind the version of its signatures: `v1,whsec_…`.
fn standard_keys(word: &str) -> Option<Vec<Zeroizing<String>>> {
    let parts = word.split([',', ';']).map(unquoted);
    let keys = parts
        .filter(|part| !["", "v1", "v1a"].contains(part))
        .map(|part| {
            let prefix = standard_prefix(part)?;
            let encoded = &part[prefix.len()..];
            // The padding is often lost on the way, and stands for nothing.
            let padding = match encoded.len() % 4 {
                2 => "==",
                3 => "=",
                _ => "",
            };
            Some(Zeroizing::new(format!("{prefix}{encoded}{padding}")))
        });
    keys.collect::<Option<Vec<_>>>()
        .filter(|keys| !keys.is_empty())
}

fn standard_prefix(word: &str) -> Option<&'static str> {
    let begins = |prefix: &&&str| {
        let beginning = word.get(..prefix.len());
        beginning.is_some_and(|it| it.eq_ignore_ascii_case(prefix))
    };
    STANDARD.iter().find(begins).copied()
}

/// What is wrong with a word that was to be a key of Standard Webhooks.
fn misprefixed(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let named = STANDARD.iter().find(|prefix| {
        let name = prefix.trim_end_matches('_');
        lower.contains(**prefix)
            || lower.strip_prefix(name).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with(|c: char| !c.is_ascii_alphanumeric())
            })
    })?;
    Some(format!(
        "una clave de Standard Webhooks empieza por «{named}», sin nada delante ni en medio"
    ))
}

fn read_sent(value: &str) -> Result<Option<Secret>, SettingError> {
    if value.is_empty() {
        return Ok(None);
    }
    fail_on_json(value)?;
    if value.contains(|c: char| c.is_control()) {
        return Err(SettingError::new(
            "lleva un salto de línea o una tabulación en medio",
        ));
    }
    let first = value.split(' ').next().unwrap_or_default();
    if let Some(what) = implausible(first, false).or_else(|| implausible(value, false)) {
        return Err(SettingError(what));
    }
    Ok(Some(Secret::new(value)))
}

/// The value of a header that is sent, without what was pasted around it.
pub fn header_value<'a>(name: &str, value: &'a str) -> Result<&'a str, SettingError> {
    let value = unquoted(super::pasted::trimmed(value));
    let mut words = value.split(' ');
    let first = words.next().unwrap_or_default();
    let second = words.next();
    let error = |what: &str| match name {
        // Another name may be a value in the wrong place.
        "authorization" | "apikey" | "x-api-key" => {
            SettingError(format!("la cabecera {name} {what}"))
        }
        _ => SettingError(format!("una cabecera {what}")),
    };
    if let Some(what) = unfilled(value)
        .or_else(|| value.split(' ').find_map(unfilled))
        .or_else(|| odd_character(value))
    {
        return Err(error(what));
    }
    let is_bearer = |word: &str| word.eq_ignore_ascii_case("Bearer");
    match name {
        "authorization" if first.starts_with("eyJ") => {
            Err(error("lleva un token sin la palabra «Bearer» delante"))
        }
        "authorization" if second.is_some_and(is_bearer) => {
            Err(error("lleva la palabra «Bearer» dos veces"))
        }
        "apikey" | "x-api-key" if is_bearer(first) => {
            Err(error("lleva la palabra «Bearer», que es de Authorization"))
        }
        _ => Ok(value),
    }
}

fn fail_on_json(value: &str) -> Result<(), SettingError> {
    if value.starts_with(['{', '[']) && serde_json::from_str::<Json>(value).is_ok() {
        return Err(SettingError::new(
            "es JSON: ponga solo el valor, y si son varios, separados con espacios",
        ));
    }
    // A text with spaces in it, so not seen word by word.
    match unfilled(value) {
        Some(what) => Err(SettingError::new(what)),
        None => Ok(()),
    }
}
