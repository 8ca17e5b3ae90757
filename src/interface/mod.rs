//! The pages `/docs` and `/panel`, and the interface described by the component itself:
//! `/openapi.json` for programs, `/docs` for people.
//!
//! The files are part of the component, compressed: a host that mounts files would need a second
//! component and a second route for them, which an edge function does not have.

mod files;
mod for_settings;

use std::sync::OnceLock;

use crate::config::Config;
use crate::http::Reply;
use crate::http::json;
use crate::http::message::StatusCode;

pub use files::{File, file};

macro_rules! compressed {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".z"))
    };
}
use compressed;

/// All there can be, whatever the settings. A test generates it: `tests/openapi/`.
const OPENAPI: &[u8] = compressed!("openapi.json");

/// The description under the settings of one application. Each is made when it is first asked for.
#[derive(Debug, Default)]
pub struct Interface {
    for_everybody: OnceLock<Vec<u8>>,
    for_operators: OnceLock<Vec<u8>>,
}

impl Interface {
    /// What there is with these settings. Hidden endpoints are described to operators only.
    pub fn document(&self, config: &Config, to_operator: bool) -> Reply {
        let document = match to_operator {
            true => &self.for_operators,
            false => &self.for_everybody,
        };
        let document = document.get_or_init(|| document_for(config, to_operator));
        Reply::json_bytes(StatusCode::OK, document.clone()).uncached()
    }
}

fn document_for(config: &Config, to_operator: bool) -> Vec<u8> {
    let all = inflate(OPENAPI);
    let document = json::text(&all).ok();
    let document = document.and_then(|all| for_settings::document(all, config, to_operator));
    document.expect("the tests have read it").into_bytes()
}

fn inflate(compressed: &[u8]) -> Vec<u8> {
    miniz_oxide::inflate::decompress_to_vec_zlib(compressed).expect("compressed by the build")
}

#[cfg(test)]
mod tests;
