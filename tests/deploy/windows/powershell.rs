//! PowerShell by its grammar: what is wrong with a text, and which commands and functions it has.

use std::collections::BTreeSet;

use tree_sitter::{Node, Parser, Tree};

fn parse(text: &str) -> Tree {
    let mut parser = Parser::new();
    let language = tree_sitter_powershell::LANGUAGE.into();
    parser.set_language(&language).expect("a known grammar");
    parser.parse(text, None).expect("a tree")
}

/// All nodes, each before those in it.
fn nodes<'a>(node: Node<'a>, found: &mut Vec<Node<'a>>) {
    found.push(node);
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        nodes(child, found);
    }
}

fn all<'a>(tree: &'a Tree, kind: &str) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    nodes(tree.root_node(), &mut found);
    found.retain(|node| node.kind() == kind);
    found
}

fn text<'a>(node: Node<'_>, of: &'a str) -> &'a str {
    &of[node.byte_range()]
}

/// Where the grammar does not take the text.
pub fn faults(of: &str) -> Vec<String> {
    let tree = parse(of);
    let mut found = Vec::new();
    nodes(tree.root_node(), &mut found);
    found.retain(|node| node.is_error() || node.is_missing());
    let line = |node: Node<'_>| node.start_position().row + 1;
    found
        .into_iter()
        .map(|node| format!("line {}: {}", line(node), text(node, of)))
        .collect()
}

/// The names of the commands that are called, where they are written out.
pub fn commands(of: &str) -> BTreeSet<String> {
    let tree = parse(of);
    let names = all(&tree, "command_name");
    let names = names.into_iter().map(|node| text(node, of).to_owned());
    names.collect()
}

/// The names of the functions that are defined.
pub fn functions(of: &str) -> BTreeSet<String> {
    let tree = parse(of);
    let names = all(&tree, "function_name");
    names
        .into_iter()
        .map(|node| text(node, of).to_owned())
        .collect()
}

/// The text without the blocks of `Invoke-Step` and without functions, whose callers are looked at.
pub fn outside_of_steps(of: &str) -> String {
    let tree = parse(of);
    let is_step = |node: &Node<'_>| {
        let name = node.child(0).map(|name| text(name, of));
        node.kind() == "function_statement" || name == Some("Invoke-Step")
    };
    let mut found = Vec::new();
    nodes(tree.root_node(), &mut found);
    found.retain(is_step);
    let mut rest = of.as_bytes().to_vec();
    for node in found {
        rest[node.byte_range()].fill(b' ');
    }
    String::from_utf8(rest).expect("spaces for whole nodes")
}

/// Each script of a block that is called, with a parameter that it gets.
pub fn calls(of: &str) -> Vec<(String, String)> {
    let tree = parse(of);
    let mut found = Vec::new();
    for command in all(&tree, "command") {
        let words = text(command, of).replace("`\n", " ");
        let mut words = words.split_whitespace();
        let script = words.next().and_then(|name| name.strip_prefix(".\\"));
        let Some(script) = script.filter(|name| name.ends_with(".ps1")) else {
            continue;
        };
        let parameters = words.filter_map(|word| word.strip_prefix('-'));
        found.extend(parameters.map(|name| (script.to_owned(), name.to_owned())));
    }
    found
}

/// The blocks of a page that are PowerShell.
pub fn blocks(page: &str) -> Vec<String> {
    let blocks = page.split("\n```powershell\n").skip(1);
    let blocks = blocks.map(|rest| rest.split_once("\n```").expect("its end").0);
    blocks.map(|block| format!("{block}\n")).collect()
}

#[test]
fn the_grammar_sees_what_is_wrong_and_what_is_called() {
    assert_eq!(faults("Get-Item 'a'\n"), Vec::<String>::new());
    assert!(!faults("if ($a { b }\n").is_empty());
    assert!(!faults("Get-Item 'a\n").is_empty());
    let script =
        "function A-B { Remove-Item c }\nInvoke-Step 'd' { Copy-Item e }\nStart-Service f\n";
    assert_eq!(functions(script), ["A-B".to_owned()].into());
    assert!(commands(script).contains("Copy-Item"));
    let outside = outside_of_steps(script);
    assert!(outside.contains("Start-Service") && !outside.contains("-Item"));
    let called = calls(".\\a.ps1 -B c `\n  -D\nGet-Item -E\n");
    let pair = |name: &str| ("a.ps1".to_owned(), name.to_owned());
    assert_eq!(called, [pair("B"), pair("D")]);
}
