//! Compresses the files of the interface, which the component carries within.

use std::path::Path;
use std::{env, fs};

use miniz_oxide::deflate::compress_to_vec_zlib;

const FOLDER: &str = "src/interface";
const FILES: [&str; 4] = ["docs.css", "docs.html", "docs.js", "openapi.json"];

/// The slowest that is worth it: this is done once, and read over the network each time.
const LEVEL: u8 = 10;

/// Without what only those read who write them: indentation, and lines that are comments.
fn bare(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn main() {
    let out = env::var_os("OUT_DIR").expect("cargo says where");
    println!("cargo::rerun-if-changed=build.rs");
    for name in FILES {
        let file = Path::new(FOLDER).join(name);
        println!("cargo::rerun-if-changed={}", file.display());
        let text = fs::read_to_string(&file);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let text = bare(&text);
        let compressed = Path::new(&out).join(format!("{name}.z"));
        fs::write(&compressed, compress_to_vec_zlib(text.as_bytes(), LEVEL))
            .unwrap_or_else(|error| panic!("{}: {error}", compressed.display()));
    }
}
