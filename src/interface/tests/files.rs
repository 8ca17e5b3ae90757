//! How the page's files are sent.

use std::str;

use crate::interface::files::{FILES, file};
use crate::interface::inflate;
use crate::message::Headers;
use crate::testing::header_map;

/// A file as `build.rs` makes it smaller: no text in it may span lines.
fn bare(source: &str) -> String {
    let open = source
        .lines()
        .find(|line| line.matches('`').count() % 2 == 1);
    assert_eq!(open, None, "a text over several lines");
    let lines = source.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn sent(path: &str, accepted: &[&str]) -> (Headers, Vec<u8>) {
    let headers: Vec<_> = accepted
        .iter()
        .map(|value| ("accept-encoding", value.as_bytes()))
        .collect();
    let reply = file(path).expect("a file").reply(&header_map(&headers));
    let response = reply.into_response("r-1");
    (response.headers, response.body)
}

#[test]
fn a_file_goes_out_compressed_to_whoever_takes_that() {
    for (path, content_type, source) in [
        (
            "/docs",
            "text/html; charset=utf-8",
            include_str!("../docs.html"),
        ),
        (
            "/docs/docs.css",
            "text/css; charset=utf-8",
            include_str!("../docs.css"),
        ),
        (
            "/docs/docs.js",
            "text/javascript; charset=utf-8",
            include_str!("../docs.js"),
        ),
    ] {
        for (accepted, is_compressed) in [
            (&["gzip, deflate, br, zstd"][..], true),
            (&["gzip", "Deflate;q=0.5"], true),
            (&["deflate; q=0"], false),
            (&["deflated, gzip"], false),
            (&["*"], false),
            (&[], false),
        ] {
            let (headers, body) = sent(path, accepted);
            let coding = headers.first("content-encoding");
            assert_eq!(coding.is_some(), is_compressed, "{path} {accepted:?}");
            let body = match is_compressed {
                true => inflate(&body),
                false => body,
            };
            let body = str::from_utf8(&body).expect("text");
            assert_eq!(body, bare(source), "{path}");
            assert_eq!(headers.first("content-type"), Some(content_type.as_bytes()));
            assert_eq!(headers.first("vary"), Some(&b"accept-encoding"[..]));
            let policy = headers.first("content-security-policy").expect("one");
            let policy = str::from_utf8(policy).expect("text");
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
            assert!(!policy.contains("unsafe"), "{policy}");
        }
    }
}

#[test]
fn the_page_loads_only_what_is_there() {
    let page = include_str!("../docs.html");
    let loaded = page.split(['"']).filter(|word| word.starts_with("docs/"));
    let loaded: Vec<_> = loaded.collect();
    assert_eq!(loaded.len(), FILES.len() - 1);
    for name in loaded {
        assert!(file(&format!("/{name}")).is_some(), "{name}");
    }
    for outside in ["http://", "https://", "//", "style=", "onclick"] {
        let found =
            page.contains(&format!("\"{outside}")) || page.contains(&format!(" {outside}\""));
        assert!(!found, "{outside}");
    }
}
