//! README.md and README.es.md: the same facts in two languages, and defaults as spin.toml has them.

use std::collections::BTreeSet;

use super::{Words, table, text};

const ENGLISH: &str = "README.md";
const SPANISH: &str = "README.es.md";

/// What only the Spanish page has.
const GLOSSARY: &str = "Seis palabras";

/// What a text says whatever its language: where its links lead, its code, its figures.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    links: Vec<String>,
    code: Words,
    figures: Words,
}

impl Facts {
    fn of(text: &str) -> Self {
        Self {
            links: links(text),
            code: text.split('`').skip(1).step_by(2).map(known).collect(),
            figures: figures(text),
        }
    }
}

/// A page's part below one heading: text, and blocks each with its language.
struct Section {
    heading: String,
    text: String,
    blocks: Vec<(String, String)>,
}

#[test]
fn the_readme_has_no_more_than_130_lines() {
    assert!(text(ENGLISH).lines().count() <= 130);
}

#[test]
fn each_section_has_the_same_facts() {
    let (english, spanish) = both();
    assert_eq!(english.len(), spanish.len());
    for (english, spanish) in english.iter().zip(&spanish) {
        let (own, other) = (Facts::of(&english.text), Facts::of(&spanish.text));
        assert_eq!(own, other, "{} / {}", english.heading, spanish.heading);
    }
}

#[test]
fn each_row_of_a_table_has_the_same_facts() {
    let (english, spanish) = both();
    let mut compared = 0;
    for (english, spanish) in english.iter().zip(&spanish) {
        let (own, other) = (rows(&english.text), rows(&spanish.text));
        assert_eq!(own.len(), other.len(), "{}", english.heading);
        for (own, other) in own.iter().zip(&other) {
            let facts = |cells: &[String]| cells.iter().map(|it| Facts::of(it)).collect::<Vec<_>>();
            assert_eq!(facts(own), facts(other), "{own:?} / {other:?}");
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn both_have_the_same_commands_and_replies() {
    let (english, spanish) = both();
    let mut compared = 0;
    for (english, spanish) in english.iter().zip(&spanish) {
        assert_eq!(english.blocks.len(), spanish.blocks.len());
        for ((language, own), (other_language, other)) in english.blocks.iter().zip(&spanish.blocks)
        {
            assert_eq!(language, other_language);
            match language.as_str() {
                "text" => assert_eq!(figures(own), figures(other)),
                _ => assert_eq!(without_comments(own), without_comments(other)),
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 4);
}

#[test]
fn the_settings_of_the_first_day_have_the_defaults_of_spin_toml() {
    let manifest: toml::Table = text("spin.toml").parse().expect("TOML");
    for (page, heading) in [
        (ENGLISH, "## Settings of the first day"),
        (SPANISH, "## Ajustes del primer día"),
    ] {
        for row in table(&text(page), heading) {
            let name = row[0].trim_matches('`');
            let declared = manifest["variables"].get(name);
            let declared = declared.unwrap_or_else(|| panic!("{page}: no variable {name}"));
            let default = declared["default"].as_str().expect("a text");
            assert_eq!(row[1].trim_matches('`'), default, "{page}: {name}");
        }
    }
}

#[test]
fn the_glossary_has_its_six_words() {
    let words: Vec<_> = table(&text(SPANISH), &format!("## {GLOSSARY}"))
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(words.len(), 6, "{words:?}");
    for word in [
        "component",
        "Spin",
        "data API",
        "outbox",
        "Lanzador",
        "Conciliador",
    ] {
        assert!(words.iter().any(|it| it.contains(word)), "{word}");
    }
}

#[test]
fn what_compares_pages_sees_a_difference() {
    let facts = Facts::of("[a](b.md) `c=<d>` 1,234.5 x, 0b1f.");
    assert_eq!(facts.links, ["b.md"]);
    assert_eq!(facts.code, Words::from(["c=".to_owned()]));
    assert_eq!(facts.figures, words(&["1,234.5", "0b1f"]));
    assert_ne!(facts, Facts::of("[a](b.md) `c=<d>` 1,234.6 x, 0b1f."));
    let found = sections("# A\n1\n## B\n2\n```sh\nc # d\n```\n3\n");
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].text, "2\n3\n");
    assert_eq!(without_comments(&found[1].blocks[0].1), ["c"]);
}

fn both() -> (Vec<Section>, Vec<Section>) {
    let (english, mut spanish) = (sections(&text(ENGLISH)), sections(&text(SPANISH)));
    let before = spanish.len();
    spanish.retain(|section| section.heading != GLOSSARY);
    assert_eq!(spanish.len() + 1, before, "no glossary");
    (english, spanish)
}

fn sections(page: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let mut is_block = false;
    for line in page.lines() {
        let fence = line.strip_prefix("```");
        let heading = line.trim_start_matches('#').trim();
        if !is_block && line.starts_with('#') {
            found.push(Section {
                heading: heading.to_owned(),
                text: String::new(),
                blocks: Vec::new(),
            });
            continue;
        }
        let section = found.last_mut().expect("a heading first");
        match fence {
            Some(language) if !is_block => {
                section.blocks.push((language.to_owned(), String::new()));
            }
            Some(_) => {}
            None if is_block => {
                let (_, block) = section.blocks.last_mut().expect("its fence");
                *block += &format!("{line}\n");
            }
            None => section.text += &format!("{line}\n"),
        }
        is_block ^= fence.is_some();
    }
    found
}

/// The rows of all tables, heads included.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix('|'));
    rows.map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// The link from each page to the other counts as one.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    targets.map(|it| it.replace(SPANISH, ENGLISH)).collect()
}

/// Code as far as it is not for a reader to fill in.
fn known(code: &str) -> String {
    code.split('<').next().unwrap_or_default().to_owned()
}

/// Words with a digit in them.
fn figures(text: &str) -> Words {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '.' || c == ',';
    let found = text.split(|c| !is_of_word(c));
    let found = found.map(|word| word.trim_matches(['.', ',']));
    let found = found.filter(|word| word.contains(|c: char| c.is_ascii_digit()));
    found.map(str::to_owned).collect()
}

fn without_comments(block: &str) -> Vec<String> {
    let lines = block.lines().map(|line| match line.split_once('#') {
        Some((before, _)) => before.trim_end(),
        None => line,
    });
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn words(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|&it| it.to_owned()).collect()
}
