//! The component's own imports and exports: what a host must give it, and no more.

use support::project::root;
use wasmparser::{Encoding, Parser, Payload};

/// Interfaces every host has: HTTP, Spin's variables and key-value, and what Rust's std links.
const ALLOWED: &[&str] = &[
    "wasi:http/",
    "spin:variables/",
    "spin:key-value/",
    "wasi:clocks/",
    "wasi:random/",
    "wasi:cli/",
    "wasi:io/",
    "wasi:filesystem/",
];

fn imports_and_exports() -> (Vec<String>, Vec<String>) {
    let path = root().join("target/wasm32-wasip2/release/sam_callback.wasm");
    let wasm = std::fs::read(path).expect("`cargo xtask build` has built the component");
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0);
    for payload in Parser::new(0).parse_all(&wasm) {
        match payload.expect("a component") {
            Payload::Version { encoding, .. } => {
                assert!(depth > 0 || encoding == Encoding::Component);
                depth += 1;
            }
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    imports.push(import.expect("an import").name.0.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    exports.push(export.expect("an export").name.0.to_owned());
                }
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn it_imports_only_what_every_host_gives() {
    let (imports, _) = imports_and_exports();
    let allowed = |import: &&String| ALLOWED.iter().any(|prefix| import.starts_with(prefix));
    let others: Vec<_> = imports.iter().filter(|import| !allowed(import)).collect();
    assert!(others.is_empty(), "{others:?}");
    for needed in [
        "spin:variables/variables@3.0.0",
        "spin:key-value/key-value@3.0.0",
    ] {
        assert!(imports.iter().any(|import| import == needed), "{imports:?}");
    }
}

#[test]
fn it_exports_a_wasip3_http_handler() {
    let (_, exports) = imports_and_exports();
    let handler = |export: &String| export.starts_with("wasi:http/handler@0.3");
    assert!(exports.iter().any(handler), "{exports:?}");
}
