//! Imports run downwards: no file imports from a floor above its own, and none that imports it.
//!
//! Read is what is compiled into the component: each `use`, and each path that begins with `crate`,
//! `super` or a module. A name that a module hands on with `pub use` counts for the file that has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// From the top to the bottom. A module belongs to the floor of its longest prefix here.
const FLOORS: &[&[&str]] = &[
    &["spin"],
    &["app"],
    &["sources", "operations", "interface"],
    &["credentials", "delivery"],
    &["audit", "outbound"],
    &["config"],
    // A setting is read as what it is: the keys of JWTs belong to their credential, and to config.
    &[
        "credentials::jwt::keys",
        "credentials::jwt::algorithm",
        "credentials::jwt::jws",
    ],
    &["instance"],
    &["http"],
    &["ports", "sorting"],
    // Plain messages, which the ports are about.
    &["http::message"],
];

/// Imports upwards that are still there.
const KNOWN: &[(&str, &str)] = &[
    ("credentials::jwt::jws", "credentials::jwt"),
    ("credentials::jwt::keys", "credentials::jwt"),
];

/// Modules that import each other because what they are for is recursive: a text may hold JSON or a form,
/// which hold texts. And those of JWTs, which share one error.
const RECURSIVE: &[&str] = &["audit::mask", "credentials::jwt"];

/// Modules by their paths without `crate`, and what is in their files.
struct Tree(BTreeMap<String, Module>);

struct Module {
    code: String,
    children: Vec<String>,
    /// Names that are handed on, and where they are.
    handed_on: BTreeMap<String, String>,
}

impl Tree {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut tree = Self(BTreeMap::new());
        let code = std::fs::read_to_string(root.join("lib.rs")).expect("lib.rs");
        tree.add("", &root, &code);
        let paths: Vec<_> = tree.0.keys().cloned().collect();
        for path in paths {
            let handed_on = tree.handed_on(&path);
            tree.0.get_mut(&path).expect("it is there").handed_on = handed_on;
        }
        tree
    }

    /// Adds the module of this file, and those below it that are not for tests alone.
    fn add(&mut self, path: &str, folder: &Path, code: &str) {
        let code = without_tests(code);
        let mut children = Vec::new();
        for statement in statements(&code, "mod ") {
            let below = below(path, statement);
            let name = folder.join(statement);
            let file = name.with_extension("rs");
            let file = if file.exists() {
                file
            } else {
                name.join("mod.rs")
            };
            let code = std::fs::read_to_string(&file).expect("the module's file");
            self.add(&below, &name, &code);
            children.push(statement.to_owned());
        }
        let module = Module {
            code,
            children,
            handed_on: BTreeMap::new(),
        };
        self.0.insert(path.to_owned(), module);
    }

    fn handed_on(&self, module: &str) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for statement in statements(&self.0[module].code, "pub use ") {
            for path in leaves(statement) {
                let (path, name) = path.split_once(" as ").unwrap_or((&path, ""));
                let last = path.rsplit("::").next().expect("a name");
                let name = if name.is_empty() { last } else { name };
                if let Some(path) = self.absolute(module, path) {
                    names.insert(name.to_owned(), path);
                }
            }
        }
        names
    }

    /// The path without `crate`; `None` where it is another crate's, or begins with a type.
    fn absolute(&self, module: &str, path: &str) -> Option<String> {
        let (first, mut rest) = path.split_once("::").unwrap_or((path, ""));
        let mut at = module;
        match first {
            "crate" => at = "",
            "self" => {}
            "super" => {
                at = parent(at);
                while let Some(after) = rest.strip_prefix("super::") {
                    (at, rest) = (parent(at), after);
                }
            }
            child if self.0[module].children.iter().any(|it| it == child) => rest = path,
            _ => return None,
        }
        Some(below(at, rest))
    }

    /// The module that has what the path names.
    fn home(&self, path: &str) -> String {
        let mut module = String::new();
        for name in path.split("::") {
            let next = below(&module, name);
            if self.0.contains_key(&next) {
                module = next;
                continue;
            }
            return match self.0[&module].handed_on.get(name) {
                Some(origin) => self.home(origin),
                None => module,
            };
        }
        module
    }

    /// What each module imports from other ones.
    fn imports(&self) -> BTreeMap<&str, BTreeSet<String>> {
        let of = |path: &str, module: &Module| {
            let used = statements(&module.code, "use ").flat_map(leaves);
            let children = module.children.iter().map(String::as_str);
            let named = named(
                &without_uses(&module.code),
                children.chain(["crate", "super"]),
            );
            let paths = used.chain(named);
            let homes = paths.filter_map(|used| Some(self.home(&self.absolute(path, &used)?)));
            // A module that is named on the way to something is not what is used.
            homes
                .filter(|home| home != path && !home.is_empty())
                .collect()
        };
        let all = self.0.iter();
        all.map(|(path, module)| (path.as_str(), of(path, module)))
            .collect()
    }
}

fn below(module: &str, name: &str) -> String {
    match (module, name) {
        ("", name) => name.to_owned(),
        (module, "") => module.to_owned(),
        (module, name) => format!("{module}::{name}"),
    }
}

fn parent(module: &str) -> &str {
    module.rsplit_once("::").map_or("", |(parent, _)| parent)
}

/// The code without comments, and without what is compiled for tests alone.
fn without_tests(code: &str) -> String {
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.flat_map(|line| [line, "\n"]).collect();
    let mut pieces = code.split("#[cfg(test)]");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        kept.push_str(&piece[item_length(piece)..]);
    }
    kept
}

/// The code without what it imports by `use`.
fn without_uses(code: &str) -> String {
    let mut left = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let (before, statement) = rest.split_at(at);
        let is_start = before
            .rsplit('\n')
            .next()
            .is_some_and(|line| ["", "pub"].contains(&line.trim()));
        let end = match is_start {
            true => statement.find(';').map_or(statement.len(), |end| end + 1),
            false => "use ".len(),
        };
        left.push_str(before);
        rest = &statement[end..];
    }
    left + rest
}

/// The length of the item that the text begins with: to its semicolon, or its closing brace.
fn item_length(text: &str) -> usize {
    let is_use = text
        .trim_start()
        .trim_start_matches("pub ")
        .starts_with("use ");
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 && !is_use => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// What stands between this beginning of a line and the next semicolon.
fn statements<'a>(code: &'a str, beginning: &'a str) -> impl Iterator<Item = &'a str> {
    let starts = code.match_indices(beginning).map(|(at, _)| at);
    starts
        .filter_map(move |at| {
            let line = code[..at].rfind('\n').map_or(0, |end| end + 1);
            let before = code[line..at].trim_start();
            let is_start = before.is_empty() || (beginning == "mod " && before.starts_with("pub"));
            let statement = code[at + beginning.len()..].split([';', '=']).next()?;
            (is_start && !statement.contains("fn ")).then(|| statement.trim())
        })
        .filter(move |statement| beginning != "mod " || !statement.contains(['{', ' ']))
}

/// The single paths of a `use`.
fn leaves(tree: &str) -> Vec<String> {
    let tree = tree.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((prefix, group)) = tree.split_once('{') else {
        return vec![tree];
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let (mut leaves, mut depth, mut start) = (Vec::new(), 0, 0);
    let ends = group.char_indices().chain([(group.len(), ',')]);
    for (at, character) in ends {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let member = group[start..at].trim();
                start = (at + 1).min(group.len());
                let inner = self::leaves(member).into_iter().filter(|it| !it.is_empty());
                leaves.extend(inner.map(|it| match it.strip_prefix("self") {
                    Some(_) => prefix.trim_end_matches("::").to_owned(),
                    None => format!("{prefix}{it}"),
                }));
            }
            _ => {}
        }
    }
    leaves
}

/// Paths in the code that begin with one of these, and go on.
fn named<'a>(code: &str, firsts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut paths = Vec::new();
    for first in firsts {
        for (at, _) in code.match_indices(&format!("{first}::")) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|it| it.is_alphanumeric() || it == '_' || it == ':') {
                continue;
            }
            let is_path = |it: char| it.is_alphanumeric() || it == '_' || it == ':';
            let rest = &code[at..];
            let path = &rest[..rest.find(|it| !is_path(it)).unwrap_or(rest.len())];
            paths.push(path.trim_end_matches(':').to_owned());
        }
    }
    paths
}

/// The number of a module's floor, from the top.
fn floor(module: &str) -> usize {
    let is_of = |prefix: &str| {
        let rest = module.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let floors = FLOORS.iter().enumerate();
    let all = floors.flat_map(|(number, names)| names.iter().map(move |name| (number, *name)));
    let own = all
        .filter(|(_, name)| is_of(name))
        .max_by_key(|(_, name)| name.len());
    own.unwrap_or_else(|| panic!("{module} is on no floor")).0
}

#[test]
fn no_module_imports_from_a_floor_above() {
    let tree = Tree::read();
    let mut upwards = Vec::new();
    for (module, imports) in tree.imports() {
        for import in imports.iter().filter(|_| !module.is_empty()) {
            if floor(import) < floor(module) {
                upwards.push((module.to_owned(), import.clone()));
            }
        }
    }
    let known = KNOWN
        .iter()
        .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
    assert_eq!(upwards, known.collect::<Vec<_>>());
}

#[test]
fn no_module_imports_one_that_imports_it() {
    let tree = Tree::read();
    let imports = tree.imports();
    // What imports nothing that is left, or is imported by nothing that is left, is in no loop.
    let is_recursive = |module: &str| RECURSIVE.iter().any(|it| module.starts_with(it));
    let all = imports.keys().copied();
    let mut left: BTreeSet<&str> = all.filter(|module| !is_recursive(module)).collect();
    loop {
        let is_in_loop = |module: &&str| {
            let own = imports[module].iter();
            let is_above = left.iter().any(|above| imports[above].contains(*module));
            is_above && own.map(String::as_str).any(|import| left.contains(import))
        };
        let next: BTreeSet<_> = left.iter().copied().filter(is_in_loop).collect();
        if next.len() == left.len() {
            break;
        }
        left = next;
    }
    let loops: Vec<_> = left
        .iter()
        .map(|module| {
            let own = imports[module]
                .iter()
                .filter(|it| left.contains(it.as_str()));
            (*module, own.collect::<Vec<_>>())
        })
        .collect();
    assert!(loops.is_empty(), "{loops:#?}");
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let leaves = leaves("crate::{a::{self, B}, c::D as E, f}");
    assert_eq!(
        leaves,
        ["crate::a", "crate::a::B", "crate::c::D as E", "crate::f"]
    );
    let code = "use a::B;\n#[cfg(test)]\npub use c::{D, E};\n#[cfg(test)]\nmod tests {\n {}\n}\nfn f() { crate::g::h(); }\n";
    let left = without_tests(code);
    assert_eq!(statements(&left, "use ").collect::<Vec<_>>(), ["a::B"]);
    assert_eq!(statements(&left, "mod ").count(), 0);
    assert_eq!(named(&left, ["crate"].into_iter()), ["crate::g::h"]);
    let tree = Tree::read();
    let imports = tree.imports();
    assert!(imports.len() > 60);
    assert!(
        imports["app::routes"].contains("credentials::policy"),
        "through `pub use`"
    );
    assert!(imports["app"].contains("delivery::data_api"));
    assert!(imports["http::reply"].contains("http::message"));
}
