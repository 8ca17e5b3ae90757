//! The query of `/admin/refusals`.

use crate::http::Refusal;
use crate::operations::query::{fields, number, wrong};

/// How many refusals are listed, unless asked for others, and at most.
const USUAL: usize = 100;
const MOST: usize = 256;

/// How many are requested.
pub fn request(query: &str) -> Result<usize, Refusal> {
    let mut limit = USUAL;
    for (name, value) in fields(query) {
        match name {
            "limit" => limit = number("limit", value, MOST)?,
            _ => return Err(wrong("query", "se admite: limit".to_owned())),
        }
    }
    Ok(limit)
}
