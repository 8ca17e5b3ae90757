//! .github: what the workflows install is named once.

use std::collections::BTreeMap;

use support::project::root;

use crate::{read, table, text};

fn versions() -> BTreeMap<String, String> {
    let file = read(".github/versions.env");
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once('=').expect("a name and a value"));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn workflows_take_versions_from_one_file() {
    let folder = std::fs::read_dir(root().join(".github/workflows")).expect("a folder");
    let mut users = 0;
    for entry in folder {
        let path = entry.expect("a file").path();
        let workflow = std::fs::read_to_string(&path).expect("a workflow");
        for (name, value) in versions() {
            assert!(!workflow.contains(&value), "{}: {value}", path.display());
            let reads = "run: grep -v '^#' .github/versions.env >> \"$GITHUB_ENV\"";
            let uses =
                workflow.contains(&format!("${name}")) || workflow.contains(&format!(".{name} "));
            assert!(!uses || workflow.contains(reads), "{}", path.display());
            users += usize::from(uses);
        }
    }
    assert!(users > 3, "{users}");
}

#[test]
fn the_versions_are_those_that_the_project_needs() {
    let versions = versions();
    let rust = text(&table("Cargo.toml")["workspace"]["package"]["rust-version"]);
    assert_eq!(versions["RUST_VERSION"], rust);
    let spin = versions["SPIN_VERSION"].strip_prefix('v').expect("a tag");
    let spin: Vec<u32> = spin
        .split('.')
        .map(|part| part.parse().expect("a number"))
        .collect();
    assert!(spin >= vec![4, 1], "{spin:?}");
}
