//! The interface, described by itself: `/openapi.json` for machines, `/docs` for people.
//!
//! The files are in the component, compressed: a host that mounts files would need a second
//! component for them and a second route, which an edge function does not have. No callback ever
//! touches them.

#[cfg(test)]
mod making;
mod tailor;

use std::sync::OnceLock;

use crate::config::Config;
use crate::http::Reply;
use crate::http::json;
use crate::http::message::Headers;
use crate::http::message::StatusCode;

/// A file of the page at `/docs`.
#[derive(Debug)]
pub struct File {
    /// Below the root path.
    path: &'static str,
    content_type: &'static str,
    /// In zlib's format (RFC 1950), as it goes out to who takes that.
    compressed: &'static [u8],
}

macro_rules! compressed {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".z"))
    };
}

static FILES: [File; 3] = [
    File {
        path: "/docs",
        content_type: "text/html; charset=utf-8",
        compressed: compressed!("docs.html"),
    },
    File {
        path: "/docs/docs.css",
        content_type: "text/css; charset=utf-8",
        compressed: compressed!("docs.css"),
    },
    File {
        path: "/docs/docs.js",
        content_type: "text/javascript; charset=utf-8",
        compressed: compressed!("docs.js"),
    },
];

/// The description of all there can be, which is cut to what there is.
const OPENAPI: &[u8] = compressed!("openapi.json");

/// Nothing from another origin, nothing inline, and in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The page's file at this path, below the root path.
pub fn file(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

impl File {
    /// The file for whoever sent these headers, compressed where they take that.
    pub fn reply(&self, headers: &Headers) -> Reply {
        let (body, is_compressed) = match takes_deflate(headers) {
            true => (self.compressed.to_vec(), true),
            false => (inflated(self.compressed), false),
        };
        let reply = Reply::of_type(self.content_type, StatusCode::OK, body)
            .with("cache-control", "no-cache")
            .with("content-security-policy", POLICY)
            .with("referrer-policy", "no-referrer")
            .with("vary", "accept-encoding")
            .with("x-content-type-options", "nosniff");
        match is_compressed {
            true => reply.with("content-encoding", "deflate"),
            false => reply,
        }
    }
}

/// The description under the settings of one application, made when it is asked for first.
#[derive(Debug, Default)]
pub struct Interface {
    to_all: OnceLock<Vec<u8>>,
    to_operators: OnceLock<Vec<u8>>,
}

impl Interface {
    /// What there is with these settings. What is hidden from others is shown to an operator.
    pub fn document(&self, config: &Config, to_operator: bool) -> Reply {
        let kept = match to_operator {
            true => &self.to_operators,
            false => &self.to_all,
        };
        let document = kept.get_or_init(|| document(config, to_operator));
        Reply::json_bytes(StatusCode::OK, document.clone()).uncached()
    }
}

fn document(config: &Config, to_operator: bool) -> Vec<u8> {
    let all = inflated(OPENAPI);
    let document = json::text(&all).ok();
    let document = document.and_then(|all| tailor::cut(all, config, to_operator));
    document.expect("the tests have read it").into_bytes()
}

fn inflated(compressed: &[u8]) -> Vec<u8> {
    miniz_oxide::inflate::decompress_to_vec_zlib(compressed).expect("compressed by the build")
}

/// `Accept-Encoding` with `deflate` in it, and not as what is refused (RFC 9110, 12.5.3).
fn takes_deflate(headers: &Headers) -> bool {
    let values = headers.all("accept-encoding");
    let values = values.filter_map(|value| str::from_utf8(value).ok());
    let mut codings = values.flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches(['q', 'Q', '=']);
        let is_refused = weight.starts_with('0') && weight.trim_matches(['0', '.']).is_empty();
        name.trim().eq_ignore_ascii_case("deflate") && !is_refused
    })
}

#[cfg(test)]
mod tests;
