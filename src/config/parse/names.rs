//! Names that the database has, its states, and names of fields.

use std::borrow::Cow;

use crate::config::error::SettingError;
use crate::config::pasted::words;
use crate::config::sam::{FINAL_STATES, LONGEST_STATE, Name, OTHER_STATES};

/// Words that mean something else than a column in a query of PostgREST's.
const NOT_FOR_COLUMNS: &[&str] = &[
    "and",
    "columns",
    "limit",
    "not",
    "offset",
    "on_conflict",
    "or",
    "order",
    "select",
];

/// SQL Server's limit for a name; PostgreSQL's is lower.
const LONGEST_NAME: usize = 128;

/// More states than any orchestrator has; each is in the filter of a PATCH.
const MOST_STATES: usize = 50;

/// States separated by spaces, or by commas as a query has them. SAM writes them in capitals, and
/// its database takes no notice of case.
pub fn final_states(value: &str) -> Result<Cow<'static, [Name]>, SettingError> {
    let mut states: Vec<Name> = Vec::new();
    let words = value.split(|mark: char| mark == ',' || mark.is_ascii_whitespace());
    for word in words.filter(|word| !word.is_empty()) {
        let state = word.to_ascii_uppercase();
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if !state.bytes().all(is_word) || state.len() > LONGEST_STATE {
            return Err(SettingError::new(
                "cada estado lleva letras, cifras, «_» y «-», sin comillas, y 20 caracteres como \
                 mucho; se separan por espacios",
            ));
        }
        // A row that has just been launched would count as ended, and its callback be dropped.
        if OTHER_STATES.contains(&&*state) {
            return Err(SettingError(format!(
                "{state} no es un estado final en SAM"
            )));
        }
        if states.iter().all(|known| *known != state) {
            states.push(state.into());
        }
    }
    match states.len() {
        0 => Err(SettingError::new(
            "falta: al menos un estado, como RUN_COMPLETED",
        )),
        1..=MOST_STATES if states == FINAL_STATES => Ok(FINAL_STATES.into()),
        1..=MOST_STATES => Ok(states.into()),
        _ => Err(SettingError(format!("lleva más de {MOST_STATES} estados"))),
    }
}

/// The name of a table, column or procedure. It is quoted or encoded wherever it goes; this is so
/// that a slip shows here and not in the database's answer.
pub fn identifier(value: &str) -> Result<String, SettingError> {
    let mut characters = value.chars();
    let right = characters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || character == '_')
        && value.chars().count() <= LONGEST_NAME;
    if !right {
        return Err(SettingError(format!(
            "un nombre lleva solo letras, cifras y «_», no empieza por una cifra y tiene hasta \
             {LONGEST_NAME} caracteres"
        )));
    }
    Ok(value.to_owned())
}

/// The name of a procedure; `-`: there is none.
pub fn optional_identifier(value: &str) -> Result<Option<String>, SettingError> {
    match value {
        "-" => Ok(None),
        name => identifier(name).map(Some),
    }
}

/// So many different names of tables, separated by spaces.
pub fn identifiers(value: &str, number: usize) -> Result<Vec<String>, SettingError> {
    let mut names = Vec::new();
    for word in words(value) {
        let name = identifier(&word)?;
        if names.contains(&name) {
            return Err(SettingError::new("un nombre aparece dos veces"));
        }
        names.push(name);
    }
    if names.len() != number {
        return Err(SettingError(match number {
            1 => "debe llevar un nombre".to_owned(),
            _ => format!("debe llevar {number} nombres separados por espacios"),
        }));
    }
    Ok(names)
}

/// The name of a column, which stands in queries beside words of their own.
pub fn column(value: &str) -> Result<String, SettingError> {
    if NOT_FOR_COLUMNS.contains(&value) {
        return Err(SettingError(format!(
            "«{value}» no puede ser el nombre de una columna"
        )));
    }
    identifier(value)
}

/// One or more names of fields in a JSON object, separated by spaces.
pub fn fields(value: &str) -> Result<Vec<String>, SettingError> {
    let mut names = Vec::new();
    for name in value.split_ascii_whitespace() {
        if name.contains([',', ';', '"', '\'']) {
            return Err(SettingError::new(
                "un nombre de campo no es válido: van separados por espacios, sin comillas ni comas",
            ));
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() {
        return Err(SettingError::new("falta: el nombre de al menos un campo"));
    }
    Ok(names)
}
