//! How the page's files are sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::http::message::Headers;
use crate::interface::files::{FILES, file};
use crate::interface::inflate;
use crate::testing::header_map;

const HTML: &str = include_str!("../page/docs.html");
const CSS: &str = include_str!("../page/docs.css");
const SCRIPTS: [(&str, &str); 6] = [
    ("elements.js", include_str!("../page/elements.js")),
    ("schemas.js", include_str!("../page/schemas.js")),
    ("credentials.js", include_str!("../page/credentials.js")),
    ("requests.js", include_str!("../page/requests.js")),
    ("forms.js", include_str!("../page/forms.js")),
    ("page.js", include_str!("../page/page.js")),
];

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

/// The modules as one script.
fn script() -> String {
    let lines = SCRIPTS.iter().flat_map(|(_, source)| source.lines());
    let lines = lines.filter(|line| !line.starts_with("import "));
    let lines = lines.map(|line| line.strip_prefix("export ").unwrap_or(line));
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
        ("/docs", "text/html; charset=utf-8", HTML),
        ("/docs/docs.css", "text/css; charset=utf-8", CSS),
        ("/docs/docs.js", "text/javascript; charset=utf-8", &script()),
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
    let loaded = HTML.split(['"']).filter(|word| word.starts_with("docs/"));
    let loaded: Vec<_> = loaded.collect();
    assert_eq!(loaded.len(), FILES.len() - 1);
    for name in loaded {
        assert!(file(&format!("/{name}")).is_some(), "{name}");
    }
    for outside in ["http://", "https://", "//", "style=", "onclick"] {
        let found =
            HTML.contains(&format!("\"{outside}")) || HTML.contains(&format!(" {outside}\""));
        assert!(!found, "{outside}");
    }
}

/// The names that a line of a module declares for all of it.
fn declared(line: &str) -> Option<&str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    let kinds = ["const ", "function ", "let "];
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    rest.split(|character: char| !character.is_alphanumeric() && character != '_')
        .next()
}

#[test]
fn modules_fit_together_as_one_script() {
    let mut exported = BTreeMap::new();
    let mut all = BTreeSet::new();
    for (file, source) in SCRIPTS {
        for line in source.lines() {
            if let Some(line) = line.strip_prefix("import ") {
                let (names, from) = line.split_once(" from ").expect("an import on one line");
                let from = from.trim_matches([';', '\'']).trim_start_matches("./");
                let names = names.trim_matches(['{', '}', ' ']).split(", ");
                for name in names {
                    // A module further down is not there yet.
                    assert_eq!(exported.get(name), Some(&from), "{file} imports {name}");
                }
            } else if let Some(name) = declared(line) {
                assert!(all.insert(name), "{name} stands in two modules");
                if line.starts_with("export ") {
                    exported.insert(name, file);
                }
            }
        }
    }
    assert!(exported.len() > 10, "{exported:?}");
}
