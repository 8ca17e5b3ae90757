//! Method, path and query of `/admin/collect` → for how long to collect.

use std::time::Duration;

use crate::http::Refusal;
use crate::operations::query::{fields, number, wrong};

const PATH: &str = "/admin/collect";

/// For how long, in seconds, unless asked for longer: whoever calls each minute leaves no gap of more than ten.
const USUAL: usize = 50;
const LONGEST: usize = 300;

/// For how long to collect; `None` where the path is another.
pub fn request(method: &str, path: &str, query: &str) -> Option<Result<Duration, Refusal>> {
    if path != PATH {
        return None;
    }
    Some(match method {
        "POST" => parse(query),
        _ => Err(Refusal::MethodNotAllowed("POST")),
    })
}

fn parse(query: &str) -> Result<Duration, Refusal> {
    let mut seconds = USUAL;
    for (name, value) in fields(query) {
        seconds = match name {
            "seconds" => number("seconds", value, LONGEST)?,
            _ => return Err(wrong("query", "se admite: seconds".to_owned())),
        };
    }
    Ok(Duration::from_secs(seconds as u64))
}
