//! `spin.toml` as it stands in the archive: the component is beside it, and nothing is built there.

use anyhow::{Result, bail};

/// The table that says how the component is built.
const BUILD: &str = "[component.sam-callback.build]";

/// The same application, whose component is the file `component`.
///
/// # Errors
/// Where `spin_toml` names no source, or several.
pub fn for_archive(spin_toml: &str, component: &str) -> Result<String> {
    let (mut written, mut sources, mut is_build) = (String::new(), 0, false);
    for line in spin_toml.lines() {
        if line.starts_with('[') {
            is_build = line == BUILD;
        }
        if is_build {
            continue;
        }
        if line.starts_with("source = ") {
            sources += 1;
            written += &format!("source = \"{component}\"");
        } else {
            written += line;
        }
        written.push('\n');
    }
    if sources != 1 {
        bail!("spin.toml names {sources} sources of components; 1 is expected");
    }
    Ok(format!("{}\n", written.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_source_and_the_build_differ() {
        let own = include_str!("../../../spin.toml");
        let written = for_archive(own, "sam_callback.wasm").expect("one source");
        let kept: Vec<_> = written.lines().collect();
        let gone: Vec<_> = own.lines().filter(|line| !kept.contains(line)).collect();
        assert_eq!(gone.len(), 4, "{gone:#?}");
        assert!(gone[0].starts_with("source = \"target/"), "{gone:#?}");
        assert_eq!(gone[1], BUILD);
        let new: Vec<_> = kept.iter().filter(|line| !own.contains(**line)).collect();
        assert_eq!(new, [&"source = \"sam_callback.wasm\""]);
    }

    #[test]
    fn a_manifest_with_another_shape_is_no_archives() {
        for spin_toml in ["", "source = \"a\"\nsource = \"b\"\n"] {
            assert!(for_archive(spin_toml, "c").is_err(), "{spin_toml}");
        }
    }
}
