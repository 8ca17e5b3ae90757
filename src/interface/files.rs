//! The files of the pages at `/docs` and `/panel`.

use super::{compressed, inflate};
use crate::http::Reply;
use crate::http::message::{Headers, StatusCode};

/// A file of a page.
#[derive(Debug)]
pub struct File {
    /// Below the root path.
    path: &'static str,
    /// Whether it is of the operators' page, which is there only where they have a token.
    pub for_operators: bool,
    content_type: &'static str,
    /// In zlib's format (RFC 1950), which is what `deflate` means in HTTP.
    compressed: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

pub static FILES: [File; 7] = [
    File::of_docs("/docs", HTML, compressed!("docs.html")),
    // The other page's too.
    File::of_docs("/docs/common.css", CSS, compressed!("common.css")),
    File::of_docs("/docs/docs.css", CSS, compressed!("docs.css")),
    File::of_docs("/docs/docs.js", SCRIPT, compressed!("docs.js")),
    File::of_panel("/panel", HTML, compressed!("panel.html")),
    File::of_panel("/panel/panel.css", CSS, compressed!("panel.css")),
    File::of_panel("/panel/panel.js", SCRIPT, compressed!("panel.js")),
];

/// No script or style from elsewhere or inline, and no frame around the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The file at this path below the root path.
pub fn file(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

impl File {
    const fn of_docs(
        path: &'static str,
        content_type: &'static str,
        compressed: &'static [u8],
    ) -> Self {
        Self {
            path,
            for_operators: false,
            content_type,
            compressed,
        }
    }

    const fn of_panel(
        path: &'static str,
        content_type: &'static str,
        compressed: &'static [u8],
    ) -> Self {
        Self {
            for_operators: true,
            ..Self::of_docs(path, content_type, compressed)
        }
    }

    /// The file, compressed where these request headers accept that.
    pub fn reply(&self, headers: &Headers) -> Reply {
        let (body, is_compressed) = match accepts_deflate(headers) {
            true => (self.compressed.to_vec(), true),
            false => (inflate(self.compressed), false),
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

/// Whether `Accept-Encoding` has `deflate` with a weight above 0 (RFC 9110, section 12.5.3).
fn accepts_deflate(headers: &Headers) -> bool {
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
