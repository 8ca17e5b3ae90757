//! Text of a variable → its type, or what is wrong with it in Spanish. No error quotes the text.

mod headers;
mod names;
mod paths;
mod urls;

use super::error::SettingError;
use super::pasted;
use crate::credentials::Keys;

pub use headers::{header_values, headers};
pub use names::{column, fields, final_states, identifier, identifiers, optional_identifier};
pub use paths::{paths, root_path};
pub use urls::{origin, url};

/// One of the words in `choices`.
pub fn one_of<T: Copy>(value: &str, choices: &[(&str, T)]) -> Result<T, SettingError> {
    choices
        .iter()
        .find(|(word, _)| *word == value)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            SettingError(format!(
                "valor desconocido; se admite: {}",
                words.join(", ")
            ))
        })
}

/// A whole number from `least` to `most`.
pub fn number(value: &str, least: usize, most: usize) -> Result<usize, SettingError> {
    value
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| SettingError(format!("debe ser un número entero de {least} a {most}")))
}

/// Public keys; there may be none.
pub fn keys(value: &str) -> Result<Option<Keys>, SettingError> {
    if value.is_empty() {
        return Ok(None);
    }
    Keys::parse(value)
        .map(Some)
        .map_err(|error| SettingError::new(error.to_string()))
}

/// Any text, or none.
pub fn text(value: &str) -> Result<Option<String>, SettingError> {
    if let Some(what) = pasted::unfilled(value).or_else(|| pasted::odd_character(value)) {
        return Err(SettingError::new(what));
    }
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

/// What a claim must be, or nothing: one value, as it stands in the token.
pub fn claim(value: &str) -> Result<Option<String>, SettingError> {
    let name = value.trim_start_matches('"');
    if ["iss", "aud"].iter().any(|claim| {
        let rest = name.strip_prefix(claim);
        rest.is_some_and(|rest| rest.starts_with(['=', ':', '"']))
    }) {
        return Err(SettingError::new(
            "lleva el nombre del dato (iss, aud): ponga solo su valor",
        ));
    }
    let is_url = value.contains("://");
    if is_url && (value.contains(['{', '}', '<', '>'])) {
        return Err(SettingError::new(
            "tiene una parte de ejemplo sin reemplazar, como {tenantid}: ponga el valor del token",
        ));
    }
    if is_url && value.contains(|c: char| c.is_whitespace() || c == ',') {
        return Err(SettingError::new(
            "se admite un solo valor, sin espacios ni comas",
        ));
    }
    text(value)
}
