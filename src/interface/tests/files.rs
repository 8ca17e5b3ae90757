//! How the page's files are sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::http::message::Headers;
use crate::interface::files::{FILES, file};
use crate::interface::inflate;
use crate::testing::header_map;

macro_rules! sources {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../", $name)))),*]
    };
}

const COMMON_CSS: &str = include_str!("../page/common.css");
const DOCS_HTML: &str = include_str!("../page/docs.html");
const DOCS_CSS: &str = include_str!("../page/docs.css");
const DOCS_SCRIPTS: [(&str, &str); 6] = sources![
    "page/elements.js",
    "page/schemas.js",
    "page/credentials.js",
    "page/requests.js",
    "page/forms.js",
    "page/page.js"
];
const PANEL_HTML: &str = include_str!("../panel/panel.html");
const PANEL_CSS: &str = include_str!("../panel/panel.css");
const PANEL_SCRIPTS: [(&str, &str); 11] = sources![
    "page/elements.js",
    "panel/client.js",
    "panel/words.js",
    "panel/update.js",
    "panel/chart.js",
    "panel/parts.js",
    "panel/status.js",
    "panel/lists.js",
    "panel/trace.js",
    "panel/actions.js",
    "panel/panel.js"
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

/// Modules as one script.
fn script(modules: &[(&str, &str)]) -> String {
    let lines = modules.iter().flat_map(|(_, source)| source.lines());
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
        ("/docs", "text/html", DOCS_HTML),
        ("/docs/common.css", "text/css", COMMON_CSS),
        ("/docs/docs.css", "text/css", DOCS_CSS),
        ("/docs/docs.js", "text/javascript", &script(&DOCS_SCRIPTS)),
        ("/panel", "text/html", PANEL_HTML),
        ("/panel/panel.css", "text/css", PANEL_CSS),
        (
            "/panel/panel.js",
            "text/javascript",
            &script(&PANEL_SCRIPTS),
        ),
    ] {
        let content_type = format!("{content_type}; charset=utf-8");
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
fn the_pages_load_only_what_is_there() {
    let mut loaded = BTreeSet::from(["/docs".to_owned(), "/panel".to_owned()]);
    for page in [DOCS_HTML, PANEL_HTML] {
        let names = page.split('"').filter(|word| word.contains('/'));
        let is_file = |name: &&str| name.ends_with(".css") || name.ends_with(".js");
        loaded.extend(names.filter(is_file).map(|name| format!("/{name}")));
        for outside in ["http://", "https://", "//", "style=", "onclick"] {
            let found =
                page.contains(&format!("\"{outside}")) || page.contains(&format!(" {outside}\""));
            assert!(!found, "{outside}");
        }
    }
    assert_eq!(loaded.len(), FILES.len());
    for path in loaded {
        assert!(file(&path).is_some(), "{path}");
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
    for modules in [&DOCS_SCRIPTS[..], &PANEL_SCRIPTS] {
        fit_together(modules);
    }
}

fn fit_together(modules: &[(&str, &'static str)]) {
    let mut exported = BTreeMap::new();
    let mut all = BTreeSet::new();
    for (path, source) in modules {
        let (_, file) = path.rsplit_once('/').expect("a folder");
        for line in source.lines() {
            if let Some(line) = line.strip_prefix("import ") {
                let (names, from) = line.split_once(" from ").expect("an import on one line");
                let from = from.trim_matches([';', '\'']);
                let (_, from) = from.rsplit_once('/').expect("a path");
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

/// What strangers wrote is shown as text, and nothing is stored.
#[test]
fn no_module_makes_markup_of_a_text_or_stores_one() {
    for (file, source) in DOCS_SCRIPTS.iter().chain(&PANEL_SCRIPTS) {
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "document.cookie",
        ] {
            assert!(!source.contains(word), "{file}: {word}");
        }
    }
}
