//! The query of an operator's request.

use percent_encoding::percent_decode_str;

use crate::http::Refusal;

/// The longest text, in bytes.
const LONGEST: usize = 200;

/// Its fields, as `name=value`; one without a value has the empty one.
pub fn fields(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let fields = query.split('&').filter(|field| !field.is_empty());
    fields.map(|field| field.split_once('=').unwrap_or((field, "")))
}

/// A number from 1 to `most`.
pub fn number(name: &'static str, text: &str, most: usize) -> Result<usize, Refusal> {
    let number = text.parse().ok();
    let number = number.filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| wrong(name, format!("debe ser un número entero de 1 a {most}")))
}

/// A request for a path that is only read.
pub fn only_read<T>(method: &str, request: Result<T, Refusal>) -> Result<T, Refusal> {
    match method {
        "GET" => request,
        _ => Err(Refusal::MethodNotAllowed("GET, HEAD")),
    }
}

/// `true` or `false`.
pub fn flag(name: &'static str, text: &str) -> Result<bool, Refusal> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong(name, "se admite: true, false".to_owned())),
    }
}

/// A text that is not too long; an empty one is none.
pub fn text(name: &'static str, text: &str) -> Result<Option<String>, Refusal> {
    let text = percent_decode_str(text).decode_utf8().ok();
    let text = text.filter(|text| text.len() <= LONGEST);
    let what = || format!("debe ser un texto de {LONGEST} bytes como máximo");
    let text = text.ok_or_else(|| wrong(name, what()))?;
    Ok(Some(text.into_owned()).filter(|text| !text.is_empty()))
}

/// What is wrong with a field.
pub fn wrong(name: &'static str, what: String) -> Refusal {
    Refusal::WrongQuery((name, what).into())
}
