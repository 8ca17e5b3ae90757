//! Compresses the files of the interface, which the component carries within.

use std::path::Path;
use std::{env, fs};

use miniz_oxide::deflate::compress_to_vec_zlib;

const FOLDER: &str = "src/interface";

/// What is served, and what it is made of. Modules become one script, so that a page loads one: each
/// stands after those that it imports.
const FILES: [(&str, &[&str]); 8] = [
    ("common.css", &["page/common.css"]),
    ("docs.css", &["page/docs.css"]),
    ("docs.html", &["page/docs.html"]),
    (
        "docs.js",
        &[
            "page/elements.js",
            "page/schemas.js",
            "page/credentials.js",
            "page/requests.js",
            "page/forms.js",
            "page/page.js",
        ],
    ),
    ("openapi.json", &["openapi.json"]),
    ("panel.css", &["panel/panel.css"]),
    ("panel.html", &["panel/panel.html"]),
    (
        "panel.js",
        &[
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
            "panel/panel.js",
        ],
    ),
];

/// The slowest that is worth it: this is done once, and read over the network each time.
const LEVEL: u8 = 10;

/// Without what only those read who write it: indentation, comments, and what ties modules together.
fn bare(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    let lines = lines.filter(|line| !line.starts_with("import "));
    let lines = lines.map(|line| line.strip_prefix("export ").unwrap_or(line));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn main() {
    let out = env::var_os("OUT_DIR").expect("cargo says where");
    println!("cargo::rerun-if-changed=build.rs");
    for (name, sources) in FILES {
        let text: String = sources.iter().map(|source| bare(&read(source))).collect();
        let compressed = Path::new(&out).join(format!("{name}.z"));
        fs::write(&compressed, compress_to_vec_zlib(text.as_bytes(), LEVEL))
            .unwrap_or_else(|error| panic!("{}: {error}", compressed.display()));
    }
}

fn read(source: &str) -> String {
    let file = Path::new(FOLDER).join(source);
    println!("cargo::rerun-if-changed={}", file.display());
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
