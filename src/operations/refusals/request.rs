//! Method, path and query of `/admin/refusals` → how many are requested.

use crate::http::Refusal;
use crate::operations::query::{fields, number, only_read, wrong};

/// How many refusals are listed, unless asked for others, and at most.
const USUAL: usize = 100;
const MOST: usize = 256;

/// How many are requested; `None` where the path is another.
pub fn request(method: &str, path: &str, query: &str) -> Option<Result<usize, Refusal>> {
    (path == "/admin/refusals").then(|| only_read(method, limit(query)))
}

fn limit(query: &str) -> Result<usize, Refusal> {
    let mut limit = USUAL;
    for (name, value) in fields(query) {
        match name {
            "limit" => limit = number("limit", value, MOST)?,
            _ => return Err(wrong("query", "se admite: limit".to_owned())),
        }
    }
    Ok(limit)
}
