//! Text of a variable → its type, or what is wrong with it in Spanish. No fault quotes the text.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::pasted::{self, words};
use super::{UtcOffset, secrets};
use crate::credentials::Keys;
use crate::delivery::{FINAL_STATES, Name, OTHER_STATES, Status};
use crate::http::message::{Authority, Headers, Uri, is_field_value, is_token};

/// Paths that belong to the host or to other endpoints, with all that is below them.
const RESERVED: &[&str] = &[
    "/.well-known",
    "/admin",
    "/blizwork",
    "/docs",
    "/health",
    "/openapi.json",
    "/webhook",
];

/// Headers with a meaning of their own; what they hold is logged or sent back.
const NOT_FOR_TOKENS: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "spin-client-addr",
    "transfer-encoding",
    "x-forwarded-for",
    "x-request-id",
];

/// Headers that belong to the exchange itself, or that say what is sent and wanted.
const NOT_FOR_DATA_API: &[&str] = &[
    "accept",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "if-match",
    "keep-alive",
    "prefer",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

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

const LONGEST_PATH: usize = 512;

/// SQL Server's limit for a name; PostgreSQL's is lower.
const LONGEST_NAME: usize = 128;

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault(pub String);

impl Fault {
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// One of the words in `choices`.
pub fn one_of<T: Copy>(value: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    choices
        .iter()
        .find(|(word, _)| *word == value)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            Fault(format!(
                "valor desconocido; se admite: {}",
                words.join(", ")
            ))
        })
}

/// A whole number from `least` to `most`.
pub fn number(value: &str, least: usize, most: usize) -> Result<usize, Fault> {
    value
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| Fault(format!("debe ser un número entero de {least} a {most}")))
}

/// Nothing, or one path.
pub fn root_path(value: &str) -> Result<String, Fault> {
    if value.is_empty() {
        return Ok(String::new());
    }
    path(value)
}

/// One or more different paths, separated by spaces.
pub fn paths(value: &str) -> Result<Vec<String>, Fault> {
    let mut paths = Vec::new();
    // A comma may be in a path, but hardly before its first slash.
    let value = value.replace(",/", " /");
    for part in value.split_whitespace().map(pasted::unquoted) {
        let part = part.trim_end_matches([',', ';']);
        if part.is_empty() {
            continue;
        }
        // Every other endpoint has a path of its own, which goes first.
        let path = match part {
            "/" => part.to_owned(),
            part => path(part)?,
        };
        let taken = RESERVED.iter().find(|taken| {
            path.strip_prefix(**taken)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if let Some(taken) = taken {
            return Err(Fault(format!("{taken} está reservada")));
        }
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(Fault::new("falta: al menos una ruta, como /api/callback"));
    }
    Ok(paths)
}

fn path(value: &str) -> Result<String, Fault> {
    if value.contains("://") {
        return Err(Fault::new(
            "es una dirección entera: ponga solo la ruta, desde «/»",
        ));
    }
    let segments = value.strip_prefix('/').map(|rest| rest.split('/'));
    let right = value.len() <= LONGEST_PATH
        && segments.is_some_and(|mut segments| {
            segments.all(|segment| {
                !matches!(segment, "" | "." | "..")
                    && segment.bytes().all(|byte| {
                        byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
                    })
            })
        });
    if right {
        Ok(value.to_owned())
    } else {
        Err(Fault::new(
            "cada ruta empieza por «/», no termina en «/», no lleva espacios, «?», «#» ni «%», y no \
             es larga",
        ))
    }
}

/// More states than any orchestrator has; each is in the filter of a PATCH.
const MOST_STATES: usize = 50;

/// States separated by spaces, or by commas as a query has them. SAM writes them in capitals, and
/// its database takes no notice of case.
pub fn final_states(value: &str) -> Result<Cow<'static, [Name]>, Fault> {
    let mut states: Vec<Name> = Vec::new();
    let words = value.split(|mark: char| mark == ',' || mark.is_ascii_whitespace());
    for word in words.filter(|word| !word.is_empty()) {
        let state = word.to_ascii_uppercase();
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if !state.bytes().all(is_word) || Status::new(&*state).is_err() {
            return Err(Fault::new(
                "cada estado lleva letras, cifras, «_» y «-», sin comillas, y 20 caracteres como \
                 mucho; se separan por espacios",
            ));
        }
        // A row that has just been launched would count as ended, and its callback be dropped.
        if OTHER_STATES.contains(&&*state) {
            return Err(Fault(format!("{state} no es un estado final en SAM")));
        }
        if states.iter().all(|known| *known != state) {
            states.push(state.into());
        }
    }
    match states.len() {
        0 => Err(Fault::new("falta: al menos un estado, como RUN_COMPLETED")),
        1..=MOST_STATES if states == FINAL_STATES => Ok(FINAL_STATES.into()),
        1..=MOST_STATES => Ok(states.into()),
        _ => Err(Fault(format!("lleva más de {MOST_STATES} estados"))),
    }
}

/// Public keys; there may be none.
pub fn keys(value: &str) -> Result<Option<Keys>, Fault> {
    if value.is_empty() {
        return Ok(None);
    }
    Keys::parse(value)
        .map(Some)
        .map_err(|fault| Fault::new(fault.to_string()))
}

/// Any text, or none.
pub fn text(value: &str) -> Result<Option<String>, Fault> {
    if let Some(what) = pasted::unfilled(value).or_else(|| pasted::odd_character(value)) {
        return Err(Fault::new(what));
    }
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

/// What a claim must be, or nothing: one value, as it stands in the token.
pub fn claim(value: &str) -> Result<Option<String>, Fault> {
    let name = value.trim_start_matches('"');
    if ["iss", "aud"].iter().any(|claim| {
        let rest = name.strip_prefix(claim);
        rest.is_some_and(|rest| rest.starts_with(['=', ':', '"']))
    }) {
        return Err(Fault::new(
            "lleva el nombre del dato (iss, aud): ponga solo su valor",
        ));
    }
    let is_url = value.contains("://");
    if is_url && (value.contains(['{', '}', '<', '>'])) {
        return Err(Fault::new(
            "lleva un hueco sin rellenar, como {tenantid}: ponga el valor del token",
        ));
    }
    if is_url && value.contains(|c: char| c.is_whitespace() || c == ',') {
        return Err(Fault::new("se admite un solo valor, sin espacios ni comas"));
    }
    text(value)
}

/// Where a server is: `http` or `https`, host, perhaps a port, and nothing more.
pub fn origin(value: &str) -> Result<String, Fault> {
    let origin = value.strip_suffix('/').unwrap_or(value);
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| origin.strip_prefix(scheme));
    if rest.is_some_and(is_host_and_port) {
        Ok(origin.to_owned())
    } else {
        Err(Fault(format!(
            "debe tener la forma https://servidor[:puerto], sin ruta ni usuario{}",
            misplaced(origin)
        )))
    }
}

/// What stands in an origin that belongs elsewhere, where that is plain.
fn misplaced(origin: &str) -> &'static str {
    let Some((scheme, rest)) = origin.split_once("://") else {
        return "; le falta «https://»";
    };
    match rest {
        _ if pasted::unfilled(origin).is_some() || rest.contains(['<', '{']) => {
            "; lleva un hueco sin rellenar"
        }
        _ if rest.contains([' ', ',', ';']) => "; se admite una sola",
        _ if rest.contains('@') => "; lleva un usuario",
        _ if rest.contains(['/', '?', '#']) => "; la ruta va en el ajuste que termina en _path",
        _ if scheme.chars().any(char::is_uppercase) => "; el esquema va en minúsculas",
        _ => "",
    }
}

fn is_host_and_port(text: &str) -> bool {
    // A parser for whole URLs would leave out what stands behind it.
    let Ok(authority) = text.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    let Some(port) = text.strip_prefix(host) else {
        return false;
    };
    let port_is_right = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse().is_ok_and(|port: u16| port > 0)
        });
    let host_is_right = host.starts_with('[')
        || host
            .split('.')
            .all(|label| !label.is_empty() && !label.contains('*'));
    port_is_right && host_is_right
}

/// The name of a table, column or procedure. It is quoted or encoded wherever it goes; this is so
/// that a slip shows here and not in the database's answer.
pub fn identifier(value: &str) -> Result<String, Fault> {
    let mut characters = value.chars();
    let right = characters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || character == '_')
        && value.chars().count() <= LONGEST_NAME;
    if !right {
        return Err(Fault(format!(
            "un nombre lleva solo letras, cifras y «_», no empieza por una cifra y tiene hasta \
             {LONGEST_NAME} caracteres"
        )));
    }
    Ok(value.to_owned())
}

/// So many different names of tables, separated by spaces.
pub fn identifiers(value: &str, number: usize) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for word in words(value) {
        let name = identifier(&word)?;
        if names.contains(&name) {
            return Err(Fault::new("un nombre aparece dos veces"));
        }
        names.push(name);
    }
    if names.len() != number {
        return Err(Fault(match number {
            1 => "debe llevar un nombre".to_owned(),
            _ => format!("debe llevar {number} nombres separados por espacios"),
        }));
    }
    Ok(names)
}

/// The name of a column, which stands in queries beside words of their own.
pub fn column(value: &str) -> Result<String, Fault> {
    if NOT_FOR_COLUMNS.contains(&value) {
        return Err(Fault(format!(
            "«{value}» no puede ser el nombre de una columna"
        )));
    }
    identifier(value)
}

/// A JSON object of headers and their values.
pub fn header_values(value: &str) -> Result<Headers, Fault> {
    let fault =
        || Fault::new("debe ser un objeto JSON como {\"apikey\":\"…\"}, con valores de texto");
    // JSON that was put into a JSON text once more.
    let inner: Option<String> = serde_json::from_str(value).ok();
    let value = inner.as_deref().unwrap_or(value);
    let object: Map<String, Json> = serde_json::from_str(value).map_err(|_| {
        if value.contains(['“', '”', '„', '«', '»']) {
            return Fault::new("lleva comillas tipográficas: en JSON son rectas (\")");
        }
        match value.starts_with('{') && !value.contains('"') {
            true => Fault::new(
                "no lleva comillas dobles: en .env el valor entero va entre comillas simples, para \
                 que no se pierdan",
            ),
            false => fault(),
        }
    })?;
    let mut headers = Headers::default();
    for (name, value) in &object {
        let name = header(name)
            .filter(|name| !NOT_FOR_DATA_API.contains(&name.as_str()))
            .ok_or_else(|| Fault::new("lleva una cabecera que no es válida o no se puede poner"))?;
        let value = secrets::header_value(&name, value.as_str().ok_or_else(fault)?)?;
        if !is_field_value(value) {
            return Err(Fault::new(
                "el valor de una cabecera lleva caracteres no admitidos",
            ));
        }
        if headers.first(&name).is_some() {
            return Err(Fault::new("una cabecera aparece dos veces"));
        }
        headers.add(name, value);
    }
    Ok(headers)
}

/// An address as a caller has it: `http` or `https`, host, path. There may be none.
pub fn url(value: &str) -> Result<Option<String>, Fault> {
    if value.is_empty() {
        return Ok(None);
    }
    if pasted::unfilled(value).is_some() || value.contains(['<', '>', '{', '}']) {
        return Err(Fault::new(
            "lleva un hueco sin rellenar: ponga la dirección verdadera",
        ));
    }
    let url = value.parse::<Uri>().ok();
    let is_right = url.is_some_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some()
    });
    match is_right {
        true => Ok(Some(value.to_owned())),
        false => Err(Fault::new(
            "debe ser la URL completa, como https://…/blizwork",
        )),
    }
}

/// One or more names of fields in a JSON object, separated by spaces.
pub fn fields(value: &str) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for name in value.split_ascii_whitespace() {
        if name.contains([',', ';', '"', '\'']) {
            return Err(Fault::new(
                "un nombre de campo no es válido: van separados por espacios, sin comillas ni comas",
            ));
        }
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() {
        return Err(Fault::new("falta: el nombre de al menos un campo"));
    }
    Ok(names)
}

/// A header's name, in lower case.
fn header(name: &str) -> Option<String> {
    is_token(name).then(|| name.to_ascii_lowercase())
}

/// One or more header names, separated by spaces.
pub fn headers(value: &str) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for part in words(value) {
        if part.contains(':') {
            return Err(Fault::new(
                "lleva «:»: ponga solo los nombres de las cabeceras, sin su valor",
            ));
        }
        let name = header(&part)
            .filter(|name| !NOT_FOR_TOKENS.contains(&name.as_str()))
            .ok_or_else(|| Fault::new("un nombre de cabecera no es válido"))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Err(Fault::new("falta: al menos una cabecera"));
    }
    Ok(names)
}

/// `+HH:MM` or `-HH:MM`, at most 14 hours.
pub fn utc_offset(value: &str) -> Result<UtcOffset, Fault> {
    let fault = || Fault::new("debe tener la forma +HH:MM o -HH:MM, hasta 14 horas");
    let (sign, rest) = value.split_at_checked(1).ok_or_else(fault)?;
    let (hours, minutes) = rest.split_once(':').ok_or_else(fault)?;
    let two_digits = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u64>().ok())
            .flatten()
    };
    let hours = two_digits(hours).ok_or_else(fault)?;
    let minutes = two_digits(minutes).filter(|&m| m < 60).ok_or_else(fault)?;
    let behind = match sign {
        "+" => false,
        "-" => true,
        _ => return Err(fault()),
    };
    let distance = Duration::from_secs(hours * 3600 + minutes * 60);
    if distance > Duration::from_secs(14 * 3600) {
        return Err(fault());
    }
    Ok(UtcOffset { behind, distance })
}
