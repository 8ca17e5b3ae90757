//! Runs Binaryen's `wasm-opt` over the component's code, which makes it a tenth smaller. Without
//! that program the component works as well, and is larger.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_encoder::{Component, ComponentSectionId, Module, RawSection, SectionId};
use wasmparser::{Parser, Payload};

use crate::debian;
use crate::programs::in_path_or_cargos;
use crate::project::Project;
use crate::run::run;
use crate::say;

const PROGRAM: &str = "wasm-opt";

const NOT_WHOLE: &str = "no whole WebAssembly where it should be";

/// A custom section that tells programs such as this one what they may use. The component has no
/// more need of it afterwards, so where it is missing the work is done.
const FEATURES: &str = "target_features";

/// Ids of sections. Custom sections have the same in a module and in a component.
const CUSTOM: u8 = SectionId::Custom as u8;
const CORE_MODULE: u8 = ComponentSectionId::CoreModule as u8;

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
            // With each step of a computation by itself, more of them are seen to be the same.
            .args(["--flatten", "--rereloop", "--local-cse", "-Os"])
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
    in_path_or_cargos(PROGRAM).or_else(|| {
        if !debian::has_apt() || !debian::is_root(project) {
            return None;
        }
        let packages = [debian::SHRINKING_PACKAGE];
        let why = "to make the component a tenth smaller";
        if let Err(error) = debian::install_packages(project, &packages, why) {
            say::plain(&format!("    it goes on without: {error:#}"));
        }
        in_path_or_cargos(PROGRAM)
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
    let modules = modules.filter(|section| section.id == CORE_MODULE);
    modules
        .map(|module| module.data)
        .max_by_key(|module| module.len())
        .context("the component has no code in it")
}

/// The component with other code, and without custom sections: names, and what made it.
fn with_code(component: &[u8], code: &[u8]) -> Result<Vec<u8>> {
    let old = code_of(component)?;
    let mut new = Component::new();
    for section in without_custom(component)? {
        if section.id == CORE_MODULE {
            let is_code = std::ptr::eq(section.data, old);
            let module = bare(if is_code { code } else { section.data })?;
            new.section(&RawSection {
                data: &module,
                ..section
            });
        } else {
            new.section(&section);
        }
    }
    Ok(new.finish())
}

fn bare(module: &[u8]) -> Result<Vec<u8>> {
    let mut bare = Module::new();
    for section in without_custom(module)? {
        bare.section(&section);
    }
    Ok(bare.finish())
}

fn without_custom(wasm: &[u8]) -> Result<impl Iterator<Item = RawSection<'_>>> {
    let sections = sections(wasm)?.into_iter();
    Ok(sections.filter(|section| section.id != CUSTOM))
}

fn has_features(module: &[u8]) -> Result<bool> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload?
            && section.name() == FEATURES
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The sections of a module or a component, but not those of the modules inside a component.
fn sections(wasm: &[u8]) -> Result<Vec<RawSection<'_>>> {
    let mut sections = Vec::new();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.context(NOT_WHOLE)?;
        if depth == 0
            && let Some((id, range)) = payload.as_section()
        {
            let data = wasm.get(range).context(NOT_WHOLE)?;
            sections.push(RawSection { id, data });
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            // That of the file itself is the last payload.
            Payload::End(_) => depth -= 1,
            _ => {}
        }
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, ComponentTypeSection, CustomSection, Function, FunctionSection, ModuleSection,
        PrimitiveValType, TypeSection,
    };

    use super::*;

    /// A module whose one function does nothing, so many times.
    fn code(nops: usize) -> Module {
        let mut function = Function::new([]);
        function.raw(vec![0x01; nops]);
        function.instructions().end();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut code = CodeSection::new();
        code.function(&function);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        module
    }

    fn named(name: &str) -> CustomSection<'_> {
        CustomSection {
            name: name.into(),
            data: (&[1]).into(),
        }
    }

    fn component(modules: &[&Module]) -> Component {
        // Something that is neither a module nor custom.
        let mut types = ComponentTypeSection::new();
        types.defined_type().primitive(PrimitiveValType::String);
        let mut component = Component::new();
        component.section(&types);
        for module in modules {
            component.section(&ModuleSection(module));
        }
        component
    }

    #[test]
    fn new_code_stands_where_the_old_was() {
        let adapter = code(5);
        let component = |nops| component(&[&code(nops), &adapter]).finish();
        let old = component(20_001);
        for nops in [0, 1, 127, 128, 300, 20_000] {
            let new = with_code(&old, code(nops).as_slice());
            assert_eq!(new.expect("sections"), component(nops));
        }
    }

    #[test]
    fn what_has_been_shrunk_has_no_names_and_is_left_alone() {
        let mut code_with_names = code(9);
        code_with_names.section(&named(FEATURES));
        let mut with_names = component(&[&code_with_names]);
        with_names.section(&named("component-name"));
        let with_names = with_names.finish();
        assert!(has_features(code_of(&with_names).expect("code")).expect("sections"));
        let shrunk = with_code(&with_names, code_with_names.as_slice()).expect("sections");
        assert_eq!(shrunk, component(&[&code(9)]).finish());
        assert!(!has_features(code_of(&shrunk).expect("code")).expect("sections"));
    }

    #[test]
    fn a_file_that_is_cut_off_is_an_error() {
        let mut component = Component::new();
        component.section(&ModuleSection(&code(300)));
        let component = component.finish();
        for end in 9..component.len() {
            assert!(code_of(&component[..end]).is_err(), "{end}");
        }
        assert!(code_of(b"").is_err());
    }
}
