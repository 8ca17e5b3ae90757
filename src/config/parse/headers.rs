//! Headers: their names, and those that are sent to the data API.

use serde_json::{Map, Value as Json};

use crate::config::error::SettingError;
use crate::config::pasted::words;
use crate::config::secrets;
use crate::http::message::{Headers, is_field_value, is_token};

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

/// The header that the host has the caller's address in, in lower case; there may be none.
pub fn address_header(value: &str) -> Result<Option<String>, SettingError> {
    let name = value.to_ascii_lowercase();
    match name.as_str() {
        "" => Ok(None),
        "x-forwarded-for" | "forwarded" => Err(SettingError::new(
            "esa cabecera la puede escribir quien llama: use trusted_proxies",
        )),
        "spin-client-addr" => Err(SettingError::new(
            "esa cabecera ya se usa cuando este ajuste está vacío",
        )),
        _ if is_token(&name) => Ok(Some(name)),
        _ => Err(SettingError::new(
            "debe ser el nombre de una sola cabecera, como True-Client-IP",
        )),
    }
}

/// A JSON object of headers and their values.
pub fn header_values(value: &str) -> Result<Headers, SettingError> {
    let error = || {
        SettingError::new("debe ser un objeto JSON como {\"apikey\":\"…\"}, con valores de texto")
    };
    // JSON that was put into a JSON text once more.
    let inner: Option<String> = serde_json::from_str(value).ok();
    let value = inner.as_deref().unwrap_or(value);
    let object: Map<String, Json> = serde_json::from_str(value).map_err(|_| {
        if value.contains(['“', '”', '„', '«', '»']) {
            return SettingError::new("lleva comillas tipográficas: en JSON son rectas (\")");
        }
        match value.starts_with('{') && !value.contains('"') {
            true => SettingError::new(
                "no lleva comillas dobles: en .env el valor entero va entre comillas simples, para \
                 que no se pierdan",
            ),
            false => error(),
        }
    })?;
    let mut headers = Headers::default();
    for (name, value) in &object {
        let name = header(name)
            .filter(|name| !NOT_FOR_DATA_API.contains(&name.as_str()))
            .ok_or_else(|| {
                SettingError::new("tiene una cabecera que no es válida o que no se puede enviar")
            })?;
        let value = secrets::header_value(&name, value.as_str().ok_or_else(error)?)?;
        if !is_field_value(value) {
            return Err(SettingError::new(
                "el valor de una cabecera lleva caracteres no admitidos",
            ));
        }
        if headers.first(&name).is_some() {
            return Err(SettingError::new("una cabecera aparece dos veces"));
        }
        headers.add(name, value);
    }
    Ok(headers)
}

/// A header's name, in lower case.
fn header(name: &str) -> Option<String> {
    is_token(name).then(|| name.to_ascii_lowercase())
}

/// One or more header names, separated by spaces.
pub fn headers(value: &str) -> Result<Vec<String>, SettingError> {
    let mut names = Vec::new();
    for part in words(value) {
        if part.contains(':') {
            return Err(SettingError::new(
                "lleva «:»: ponga solo los nombres de las cabeceras, sin su valor",
            ));
        }
        let name = header(&part)
            .filter(|name| !NOT_FOR_TOKENS.contains(&name.as_str()))
            .ok_or_else(|| SettingError::new("un nombre de cabecera no es válido"))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Err(SettingError::new("falta: al menos una cabecera"));
    }
    Ok(names)
}
