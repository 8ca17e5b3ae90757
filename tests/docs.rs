//! The pages for operators, compared with what they speak of: what is not in the code any more, or
//! not on the page yet, fails here. Nothing is served for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use support::project::{root, text};
use toml::Table;

const GUIDE: &str = "docs/operacion.md";
const REFERENCE: &str = "docs/referencia.md";

type Words = BTreeSet<String>;

mod readmes;

#[test]
fn each_page_of_docs_begins_with_who_it_is_for() {
    let pages = std::fs::read_dir(root().join("docs")).expect("a folder");
    let pages: Vec<_> = pages
        .map(|page| relative(&page.expect("an entry").path()))
        .collect();
    assert!(pages.len() > 10, "{pages:?}");
    for page in pages {
        let text = text(&page);
        let mut lines = text.lines().filter(|line| !line.is_empty());
        assert!(
            lines.next().is_some_and(|line| line.starts_with("# ")),
            "{page}"
        );
        let first = lines.next().unwrap_or_default();
        let says = ["For whoever ", "Para quien "];
        assert!(
            says.iter().any(|says| first.starts_with(says)),
            "{page}: {first}"
        );
    }
}

/// The folders whose files pages name.
const FOLDERS: [&str; 8] = [
    "bench/", "deploy/", "docs/", "fuzz/", "host/", "src/", "tests/", "xtask/",
];

/// The file that a page has its reader write.
const TO_BE_WRITTEN: &str = "src/sources/ping.rs";

#[test]
fn what_pages_name_of_the_project_is_there() {
    let docs = std::fs::read_dir(root().join("docs")).expect("a folder");
    let docs = docs.map(|page| relative(&page.expect("an entry").path()));
    let others = ["README.md", "README.es.md", "SECURITY.md", "CHANGELOG.md"];
    let mut seen = 0;
    for page in docs.chain(others.map(str::to_owned)) {
        let page_text = text(&page);
        let prose = page_text.split("\n```").step_by(2);
        let code = prose.flat_map(|part| part.split('`').skip(1).step_by(2));
        let is_path = |code: &&str| {
            FOLDERS.iter().any(|folder| code.starts_with(folder)) && !code.contains(['<', ' '])
        };
        for path in code.filter(is_path).filter(|&path| path != TO_BE_WRITTEN) {
            assert!(root().join(path).exists(), "{page}: {path}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

mod variables {
    use super::*;

    /// Default, and whether it is secret.
    type Declared = BTreeMap<String, (String, bool)>;

    #[test]
    fn the_reference_has_every_variable_of_spin_toml_with_its_default() {
        assert_eq!(on_the_page(), in_spin_toml());
    }

    fn on_the_page() -> Declared {
        let rows = table(&text(REFERENCE), "## Las variables");
        let number = rows.len();
        let declared: Declared = rows
            .into_iter()
            .map(|row| {
                let [name, default, secret, said] = <[String; 4]>::try_from(row).expect("4 cells");
                assert!(!said.is_empty(), "{name}");
                assert!(["", "sí"].contains(&secret.as_str()), "{name}: {secret}");
                let default = default.trim_matches('`').to_owned();
                (
                    name.trim_matches('`').to_owned(),
                    (default, !secret.is_empty()),
                )
            })
            .collect();
        assert_eq!(declared.len(), number, "a variable is there twice");
        declared
    }

    fn in_spin_toml() -> Declared {
        let manifest: Table = text("spin.toml").parse().expect("TOML");
        let variables = manifest["variables"].as_table().expect("variables");
        let declared = variables.iter().map(|(name, variable)| {
            let default = variable["default"].as_str().expect("a text").to_owned();
            let secret = variable.get("secret").and_then(toml::Value::as_bool);
            (name.clone(), (default, secret.unwrap_or(false)))
        });
        declared.collect()
    }
}

mod log {
    use super::*;

    /// Where outcomes get their names.
    const OUTCOMES: [&str; 19] = [
        "src/app/alerts.rs",
        "src/app/mod.rs",
        "src/app/follow_up.rs",
        "src/app/keys.rs",
        "src/app/mailbox.rs",
        "src/app/notify.rs",
        "src/app/once.rs",
        "src/app/operate.rs",
        "src/app/operate/collect.rs",
        "src/app/operate/outbox.rs",
        "src/app/operate/overview.rs",
        "src/app/operate/trace.rs",
        "src/audit/events.rs",
        "src/audit/lines.rs",
        "src/delivery/outbox/attempt.rs",
        "src/http/disposition.rs",
        "src/http/refusal.rs",
        "src/operations/collect/error.rs",
        "src/operations/health.rs",
    ];

    /// Words that stand there too, and are no outcomes: names of fields and of sources, one word a
    /// check of readiness, a content coding, a warning.
    const OTHERS: [&str; 21] = [
        "admin",
        "allow",
        "authorization",
        "body",
        "denied",
        "failing",
        "id",
        "identity",
        "invalid",
        "limited",
        "missing",
        "not_fetched",
        "ok",
        "old",
        "tls",
        "too_long",
        "unauthorized",
        "unknown",
        "unknown_state",
        "unreachable",
        "version",
    ];

    /// What writes a log line, and so takes an outcome.
    const WRITERS: [&str; 6] = [
        "log_alert(",
        "log_problems(",
        "log_embedded(",
        "log_failure(",
        "log_attempt(",
        ".close(",
    ];

    const LINES: [&str; 8] = [
        "AlertLine",
        "AuditLine",
        "AttemptLine",
        "OthersLine",
        "ProblemsLine",
        "WarningLine",
        "FailureLine",
        "KeysLine",
    ];

    #[test]
    fn the_reference_has_every_outcome_that_the_code_has() {
        assert_eq!(outcomes_on_the_page(), outcomes_in_the_code());
    }

    #[test]
    fn outcomes_come_from_no_other_file_than_those_that_are_looked_at() {
        for file in sources() {
            let code = code(&file);
            if WRITERS.iter().any(|writer| code.contains(writer)) {
                assert!(OUTCOMES.contains(&file.as_str()), "{file}");
            }
        }
    }

    #[test]
    fn the_reference_has_every_field_of_a_log_line() {
        assert_eq!(fields_on_the_page(), fields_in_the_code());
    }

    #[test]
    fn the_lines_that_the_guide_shows_are_lines_of_the_log() {
        let (outcomes, fields) = (outcomes_on_the_page(), fields_on_the_page());
        let blocks = blocks(&text(GUIDE), "json");
        let lines: Vec<_> = blocks.iter().flat_map(|block| block.lines()).collect();
        assert!(!lines.is_empty());
        for line in lines {
            let shown: Value = serde_json::from_str(line).expect(line);
            let shown = shown.as_object().expect(line);
            let outcome = shown["outcome"].as_str().expect(line);
            assert!(outcomes.contains(outcome), "{line}");
            for name in shown.keys() {
                assert!(fields.contains(name), "{name}: {line}");
            }
        }
    }

    #[test]
    fn the_guide_says_what_to_do_about_every_fault_of_a_jwt() {
        let code = code("src/credentials/jwt/error.rs");
        let (_, names) = code.split_once("fn name(self)").expect("the faults' names");
        let (names, _) = names.split_once("\n    }\n").expect("their end");
        let names = literals(names);
        assert!(!names.is_empty());
        let guide = text(GUIDE);
        for name in names {
            assert!(guide.contains(&format!("`jwt: {name}`")), "{name}");
        }
    }

    fn outcomes_on_the_page() -> Words {
        named(&table(&text(REFERENCE), "### Los resultados"))
    }

    fn outcomes_in_the_code() -> Words {
        let mut words: Words = OUTCOMES
            .iter()
            .flat_map(|file| literals(&code(file)))
            .filter(|literal| is_word(literal))
            .collect();
        for other in OTHERS {
            assert!(words.remove(other), "{other} is nowhere");
        }
        words
    }

    fn fields_on_the_page() -> Words {
        named(&table(&text(REFERENCE), "### Los campos"))
    }

    fn fields_in_the_code() -> Words {
        let code = [
            "src/audit/events.rs",
            "src/audit/lines.rs",
            "src/audit/record.rs",
        ]
        .map(code)
        .concat();
        let bodies = LINES.map(|name| {
            let (_, body) = code.split_once(&format!("struct {name}")).expect(name);
            body.split_once("\n}").expect(name).0
        });
        let fields = bodies.iter().flat_map(|body| body.lines());
        let fields = fields.filter_map(|line| line.trim().split_once(": "));
        fields.map(|(name, _)| name.to_owned()).collect()
    }

    fn is_word(literal: &str) -> bool {
        let is_of_one = |c: char| c.is_ascii_lowercase() || c == '_';
        !literal.is_empty() && literal.chars().all(is_of_one)
    }
}

/// The names in the first cells, each in backticks; each stands there once.
fn named(rows: &[Vec<String>]) -> Words {
    let mut names = Words::new();
    for cell in rows.iter().filter_map(|row| row.first()) {
        for name in cell.split(", ") {
            let name = name.strip_prefix('`').and_then(|it| it.strip_suffix('`'));
            let name = name.unwrap_or_else(|| panic!("no name: {cell}"));
            assert!(names.insert(name.to_owned()), "{name} is there twice");
        }
    }
    names
}

/// The cells of the first table below this heading, without the table's head.
fn table(page: &str, heading: &str) -> Vec<Vec<String>> {
    let mut lines = page.lines().skip_while(|line| *line != heading);
    assert!(lines.next().is_some(), "no {heading}");
    let rows = lines
        .skip_while(|line| !line.starts_with("| "))
        .take_while(|line| line.starts_with('|'))
        .skip(2);
    let cells = |row: &str| {
        let inner = row.trim_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let rows: Vec<_> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "no table below {heading}");
    rows
}

/// What stands between the fences of each block of this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    let found = page.split(fence.as_str()).skip(1);
    let found = found.map(|rest| rest.split_once("\n```").expect("a block has an end").0);
    found.map(str::to_owned).collect()
}

/// The string literals of this code.
fn literals(code: &str) -> Words {
    let mut found = Words::new();
    for line in code.lines() {
        let mut characters = line.chars();
        while characters.any(|c| c == '"') {
            let mut literal = String::new();
            while let Some(c) = characters.next().filter(|&c| c != '"') {
                literal.push(c);
                if c == '\\' {
                    literal.extend(characters.next());
                }
            }
            found.insert(literal);
        }
    }
    found
}

/// A file of the component without its comments and its tests.
fn code(file: &str) -> String {
    let text = text(file);
    let code = text.split("#[cfg(test)]\nmod tests").next();
    let code = code.unwrap_or_default().lines();
    let code = code.filter(|line| !line.trim_start().starts_with("//"));
    code.fold(String::new(), |code, line| code + line + "\n")
}

/// The component's files, but for those that are tests.
fn sources() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|name| name.to_str());
            match name {
                Some("tests" | "testing") => {}
                _ if path.is_dir() => folders.push(path),
                // The pages' own scripts write no log.
                _ if path.extension().is_none_or(|it| it != "rs") => {}
                _ => found.push(relative(&path)),
            }
        }
    }
    assert!(
        found.iter().any(|file| file == "src/app/mod.rs"),
        "{found:?}"
    );
    found
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).expect("in the project");
    path.to_str().expect("UTF-8").replace('\\', "/")
}
