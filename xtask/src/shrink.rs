//! Binaryen's `wasm-opt` over the component's code, which it makes a tenth smaller. Without that
//! program the component is as good, and larger.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debian;
use crate::linker::installed;
use crate::project::Project;
use crate::run::run;
use crate::say;

const PROGRAM: &str = "wasm-opt";

/// A custom section that tells programs such as this one what they may use. The component has no
/// more need of it afterwards, so where it is missing the work is done.
const FEATURES: &[u8] = b"target_features";

/// Every file of WebAssembly begins with a magic number and a version.
const PREAMBLE: usize = 8;

/// Ids of sections, of a module (WebAssembly 2.0, 5.5.2) and of a component.
const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;

/// Shrinks the component in `file`, unless that was done already.
pub fn shrink(project: &Project, file: &Path) -> Result<()> {
    let component = std::fs::read(file)?;
    let code = code_of(&component)?;
    if !has_features(code)? {
        return Ok(());
    }
    let Some(program) = found_or_installed(project) else {
        say::plain(&hint());
        return Ok(());
    };
    say::step("making the component smaller");
    let module = file.with_extension("core.wasm");
    std::fs::write(&module, code)?;
    run(
        project
            .command(program)
            // "-Oz" is half a hundredth smaller, and calls a function for each byte of a text.
            .arg("-Os")
            // The linker puts the stack first, so below 1024 is its far end, and nothing else.
            .arg("--low-memory-unused")
            // What the compiler makes of one generic function for several types often differs in a
            // number or two: one function that is given them does for all.
            .args(["--merge-similar-functions", "-Os"])
            // Last, since the passes of "-Os" would undo it: a constant that a function needs often
            // is longer than a local.
            .args(["--const-hoisting", "--reorder-locals"])
            .arg(&module)
            .arg("-o")
            .arg(&module),
        "see its message above; version 108 is known to work",
    )?;
    // In place, which keeps the file that cargo has linked this one to up to date.
    std::fs::write(file, with_code(&component, &std::fs::read(&module)?)?)?;
    std::fs::remove_file(&module)?;
    Ok(())
}

/// `None`: it is not here, and cannot be installed by whoever runs this.
fn found_or_installed(project: &Project) -> Option<PathBuf> {
    installed(PROGRAM).or_else(|| {
        if !debian::has_apt() || !debian::is_root(project) {
            return None;
        }
        let packages = [debian::SHRINKING_PACKAGE];
        let why = "to make the component a tenth smaller";
        if let Err(error) = debian::install_packages(project, &packages, why) {
            say::plain(&format!("    it goes on without: {error:#}"));
        }
        installed(PROGRAM)
    })
}

fn hint() -> String {
    let mut hint = format!("    {PROGRAM} is not in PATH: the component stays a tenth larger");
    if debian::has_apt() {
        hint += &format!(" (Debian's package {} has it)", debian::SHRINKING_PACKAGE);
    }
    hint
}

/// The largest module of a component; the others join it to its host.
fn code_of(component: &[u8]) -> Result<&[u8]> {
    let modules = sections(component)?.into_iter();
    let modules = modules.filter(|(id, _)| *id == CORE_MODULE);
    modules
        .map(|(_, module)| module)
        .max_by_key(|module| module.len())
        .context("the component has no code in it")
}

/// The component with other code, and without what is in it for those who take it apart: names.
fn with_code(component: &[u8], code: &[u8]) -> Result<Vec<u8>> {
    let old = code_of(component)?;
    let mut new = component[..PREAMBLE].to_vec();
    for (id, content) in sections(component)? {
        match id {
            CUSTOM => {}
            CORE_MODULE if std::ptr::eq(content, old) => add(&mut new, id, &bare(code)?),
            CORE_MODULE => add(&mut new, id, &bare(content)?),
            _ => add(&mut new, id, content),
        }
    }
    Ok(new)
}

fn bare(module: &[u8]) -> Result<Vec<u8>> {
    let mut bare = module[..PREAMBLE].to_vec();
    for (id, content) in sections(module)? {
        if id != CUSTOM {
            add(&mut bare, id, content);
        }
    }
    Ok(bare)
}

fn add(wasm: &mut Vec<u8>, id: u8, content: &[u8]) {
    wasm.push(id);
    wasm.extend(leb128(content.len()));
    wasm.extend(content);
}

fn has_features(module: &[u8]) -> Result<bool> {
    let named = |content: &[u8]| {
        content
            .get(1..)
            .is_some_and(|name| name.starts_with(FEATURES))
    };
    let sections = sections(module)?;
    Ok(sections
        .iter()
        .any(|(id, content)| *id == CUSTOM && named(content)))
}

/// The sections of a module or a component, which are written alike: id, length, content.
fn sections(wasm: &[u8]) -> Result<Vec<(u8, &[u8])>> {
    let mut rest = wasm
        .get(PREAMBLE..)
        .context("no WebAssembly where it should be")?;
    let mut sections = Vec::new();
    while let Some((&id, after)) = rest.split_first() {
        let (section, after) = length(after)
            .and_then(|(length, after)| after.split_at_checked(length))
            .context("the component is cut off")?;
        sections.push((id, section));
        rest = after;
    }
    Ok(sections)
}

/// A length in LEB128 (WebAssembly 2.0, 5.2.2), and what stands behind it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((length, &bytes[at + 1..]));
        }
    }
    None
}

fn leb128(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while length > 0x7f {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &[u8] = b"\0asm\x01\0\0\0";
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn file(preamble: &[u8], sections: &[(u8, &[u8])]) -> Vec<u8> {
        let mut file = preamble.to_vec();
        for (id, content) in sections {
            add(&mut file, *id, content);
        }
        file
    }

    #[test]
    fn new_code_stands_where_the_old_was() {
        let adapter = file(MODULE, &[(10, b"adapter")]);
        let component = |code: &[u8]| {
            let code = file(MODULE, &[(10, code)]);
            let modules = [(CORE_MODULE, &code[..]), (CORE_MODULE, &adapter)];
            file(COMPONENT, &[&[(7, &b"types"[..])], &modules[..]].concat())
        };
        let old = component(&[1; 20_001]);
        for length in [0, 1, 127, 128, 300, 20_000] {
            let code = vec![2; length];
            let new = with_code(&old, &file(MODULE, &[(10, &code)]));
            assert_eq!(new.expect("sections"), component(&code));
        }
    }

    #[test]
    fn what_has_been_shrunk_has_no_names_and_is_left_alone() {
        let named = [(CUSTOM, &b"\x0ftarget_features\x01"[..]), (10, b"code")];
        let code = file(MODULE, &named);
        let module = [(CORE_MODULE, &code[..]), (CUSTOM, b"\x0ecomponent-name")];
        let component = file(COMPONENT, &module);
        assert!(has_features(code_of(&component).expect("code")).expect("sections"));
        let shrunk = with_code(&component, &code).expect("sections");
        let bare = file(MODULE, &[(10, b"code")]);
        assert_eq!(shrunk, file(COMPONENT, &[(CORE_MODULE, &bare)]));
        assert!(!has_features(code_of(&shrunk).expect("code")).expect("sections"));
    }

    #[test]
    fn a_file_that_is_cut_off_is_an_error() {
        let component = file(COMPONENT, &[(CORE_MODULE, &[1; 300])]);
        for end in 9..component.len() {
            assert!(code_of(&component[..end]).is_err(), "{end}");
        }
        assert!(code_of(b"").is_err());
    }
}
