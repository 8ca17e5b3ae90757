//! The pages: what they name is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{declared, read};

/// The folders of deploy/.
fn places() -> Vec<String> {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let entries = std::fs::read_dir(deploy).expect("deploy/");
    let names = entries.map(|entry| entry.expect("a folder").file_name());
    names
        .map(|name| name.into_string().expect("a name"))
        .collect()
}

fn files(place: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(place);
    let entries = std::fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("a file").file_name());
    names
        .map(|name| name.into_string().expect("a name"))
        .collect()
}

/// What stands in single backticks, outside of blocks of code.
fn inline_code(page: &str) -> Vec<&str> {
    let prose = page.split("\n```").step_by(2);
    prose
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .collect()
}

/// The targets of a page's links, outside of blocks of code.
fn links(page: &str) -> Vec<&str> {
    let prose = page.split("\n```").step_by(2);
    let targets = prose.flat_map(|text| text.split("](").skip(1));
    targets.filter_map(|rest| rest.split(')').next()).collect()
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.replace(' ', "-");
    kept.chars()
        .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
        .collect()
}

fn assert_leads_somewhere(page: &str, link: &str) {
    if let Some(rest) = link.strip_prefix("https://") {
        assert!(
            rest.contains('.') && !rest.contains([' ', '<']),
            "{page}: {link}"
        );
        return;
    }
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => PathBuf::from(page),
        _ => Path::new(page).parent().expect("a folder").join(file),
    };
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(&target);
    assert!(full.exists(), "{page}: there is no {link}");
    if !heading.is_empty() {
        let text = read(target.to_str().expect("a path"));
        let has = text
            .lines()
            .any(|line| line.starts_with('#') && anchor(line) == heading);
        assert!(has, "{page}: no heading for {link}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let places = places();
    let mut pages: Vec<_> = places
        .iter()
        .map(|place| format!("deploy/{place}/README.md"))
        .collect();
    for folder in ["", "docs/"] {
        let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        let files = files
            .expect("a folder")
            .map(|file| file.expect("a file").file_name());
        let names = files.filter_map(|name| name.into_string().ok());
        pages.extend(
            names
                .filter(|name| name.ends_with(".md"))
                .map(|name| folder.to_owned() + &name),
        );
    }
    assert!(pages.len() >= places.len() + 9, "{pages:?}");
    for page in pages {
        let text = read(&page);
        for link in links(&text) {
            assert_leads_somewhere(&page, link);
        }
    }
}

#[test]
fn the_readme_of_the_project_leads_to_every_place() {
    let readme = read("README.md");
    let linked = links(&readme);
    for place in places() {
        let page = format!("deploy/{place}/README.md");
        assert!(linked.contains(&page.as_str()), "{page}");
    }
}

#[test]
fn a_page_names_all_files_beside_it_and_says_what_was_run() {
    for place in places() {
        let page = read(&format!("deploy/{place}/README.md"));
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        let named: BTreeSet<_> = rows
            .filter_map(|row| row.split_once('`'))
            .map(|(name, _)| name.to_owned())
            .filter(|name| files(&place).contains(name))
            .collect();
        let mut there = files(&place);
        there.remove("README.md");
        assert_eq!(named, there, "{place}");
        assert!(page.contains("\n## What was "), "{place}");
    }
}

#[test]
fn every_variable_that_is_named_is_declared() {
    let variables = declared();
    let mut seen = 0;
    for place in places() {
        for file in files(&place) {
            let path = format!("deploy/{place}/{file}");
            let text = read(&path);
            for rest in text.split("SPIN_VARIABLE_").skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_');
                let name = rest[..end.unwrap_or(rest.len())].to_lowercase();
                // `SPIN_VARIABLE_<NAME>` and `SPIN_VARIABLE_*` are all of them.
                assert!(
                    name.is_empty() || variables.contains_key(&name),
                    "{path}: {name}"
                );
                seen += 1;
            }
        }
        let page = read(&format!("deploy/{place}/README.md"));
        for code in inline_code(&page) {
            let Some((name, _)) = code.split_once('=') else {
                continue;
            };
            if !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                assert!(variables.contains_key(name), "{place}: {code}");
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} were found");
}

#[test]
fn what_looks_at_pages_sees_what_is_wrong() {
    let page = "# A `b=c`\n\n[d](e#f) `sam_write=table`\n\n```sh\n`g` [h](i)\n```\n\n[j](#a-bc)\n";
    assert_eq!(links(page), ["e#f", "#a-bc"]);
    assert_eq!(inline_code(page), ["b=c", "sam_write=table"]);
    assert_eq!(anchor("## 2. What it is, `x_y`"), "2-what-it-is-x_y");
}
