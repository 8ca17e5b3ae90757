//! The pages: what they name is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use support::project::root;

use crate::{declared, load_with, read};

/// The folders of deploy/, but for what is only put into a release's archive.
fn places() -> Vec<String> {
    let deploy = root().join("deploy");
    let entries = std::fs::read_dir(deploy).expect("deploy/");
    let names = entries.map(|entry| entry.expect("a folder").file_name());
    names
        .map(|name| name.into_string().expect("a name"))
        .filter(|name| name != "archive")
        .collect()
}

fn files(place: &str) -> BTreeSet<String> {
    let folder = root().join("deploy").join(place);
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
    let full = root().join(&target);
    assert!(full.exists(), "{page}: there is no {link}");
    if !heading.is_empty() {
        let text = read(target.to_str().expect("a path"));
        let has = text
            .lines()
            .any(|line| line.starts_with('#') && anchor(line) == heading);
        assert!(has, "{page}: no heading for {link}");
    }
}

/// All pages of the project.
fn pages() -> Vec<String> {
    let places = places();
    let mut pages: Vec<_> = places
        .iter()
        .map(|place| format!("deploy/{place}/README.md"))
        .collect();
    for folder in ["", "docs/"] {
        let files = std::fs::read_dir(root().join(folder));
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
    pages
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
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
        let says = ["\n## What was ", "\n## Qué se ejecutó"];
        assert!(says.iter().any(|it| page.contains(it)), "{place}");
        let opens = page.lines().skip(1).find(|line| !line.is_empty());
        let opens = opens.expect("a first line");
        let says = ["**Run**, ", "**Estado, "];
        assert!(says.iter().any(|it| opens.starts_with(it)), "{place}");
        assert!(opens.contains(" 2026"), "{place}: {opens}");
    }
}

#[test]
fn every_variable_that_is_named_is_declared() {
    let variables = declared();
    let mut seen = 0;
    let beside = places().into_iter().flat_map(|place| {
        let files = files(&place).into_iter();
        files.map(move |file| format!("deploy/{place}/{file}"))
    });
    let all: BTreeSet<_> = beside.chain(pages()).collect();
    for path in all {
        let text = read(&path);
        for rest in text.split(PREFIX).skip(1) {
            let (name, _) = rest.split_at(end_of_name(rest));
            // `SPIN_VARIABLE_<NAME>` and `SPIN_VARIABLE_*` are all of them.
            let is_declared = name.is_empty() || variables.contains_key(&name.to_lowercase());
            assert!(is_declared, "{path}: {name}");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} were found");
}

const PREFIX: &str = "SPIN_VARIABLE_";

fn end_of_name(text: &str) -> usize {
    let is_of_name = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    text.find(|letter| !is_of_name(letter))
        .unwrap_or(text.len())
}

/// What a page says to set, in its text as `name=value` and in its blocks as the environment has it.
fn settings(page: &str) -> Vec<(String, String)> {
    let of_text = inline_code(page).into_iter().flat_map(|code| {
        let words = code.match_indices('=').filter_map(|(equals, _)| {
            let before = &code[..equals];
            let start = before.rfind(' ').map_or(0, |space| space + 1);
            let name = &before[start..];
            let is_of_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            // Other programs have options of one word.
            let is_name = name == "environment" || name.contains('_');
            let is_name = is_name && name.chars().all(is_of_name);
            is_name.then(|| (name.to_owned(), &code[equals + 1..]))
        });
        words.collect::<Vec<_>>()
    });
    let of_blocks = page.split(PREFIX).skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_at(end_of_name(rest));
        Some((name.to_lowercase(), rest.strip_prefix('=')?))
    });
    let settings = of_text.chain(of_blocks);
    let settings = settings.map(|(name, rest)| {
        let value = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next(),
            _ => rest.split(['\n', ' ', '`', ')']).next(),
        };
        (name, value.unwrap_or_default().to_owned())
    });
    // What stands for another value, or is the shell's to fill in, or `sed`'s to replace.
    let settings = settings.filter(|(_, value)| !value.is_empty() && !value.contains(PLACEHOLDERS));
    let settings = settings.filter(|(_, value)| value != "//p'");
    settings.collect()
}

const PLACEHOLDERS: [char; 5] = ['<', '…', '$', '\\', '*'];

#[test]
fn every_setting_that_a_page_says_is_taken() {
    let mut seen = BTreeSet::new();
    for page in pages() {
        for (name, value) in settings(&read(&page)) {
            // What is only for desks is set there.
            let config = load_with([
                ("environment".to_owned(), "development".to_owned()),
                (name.clone(), value.clone()),
            ]);
            let problems = config.problems.iter();
            let of_it: Vec<_> = problems.filter(|problem| problem.setting == name).collect();
            assert!(of_it.is_empty(), "{page}: {name}={value}: {of_it:?}");
            seen.insert((name, value));
        }
    }
    assert!(seen.len() > 12, "{seen:?}");
}

#[test]
fn what_looks_at_pages_sees_what_is_wrong() {
    let page = "# A `b=c`\n\n[d](e#f) `sam_write=table`\n\n```sh\n`g` [h](i)\n```\n\n[j](#a-bc)\n";
    assert_eq!(links(page), ["e#f", "#a-bc"]);
    assert_eq!(inline_code(page), ["b=c", "sam_write=table"]);
    assert_eq!(anchor("## 2. What it is, `x_y`"), "2-what-it-is-x_y");
    let page = "`a=b c_d=\"e f\"` `g_=<h>` `I_=j`\n\n```sh\nSPIN_VARIABLE_K=l m\nn=o\n```\n";
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let found = [pair("c_d", "e f"), pair("k", "l")];
    assert_eq!(settings(page), found);
}
