//! The fenced blocks of the pages.

use crate::server::root;

/// What stands between the fences of each block of this language in the guide.
pub fn blocks(language: &str) -> Vec<String> {
    blocks_of("docs/mensajes.md", language)
}

/// What stands between the fences of each block of this language, in the page's order.
pub fn blocks_of(page: &str, language: &str) -> Vec<String> {
    let page = std::fs::read_to_string(root().join(page)).expect("the page");
    let mut found = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in page.lines() {
        open = match (open, line.strip_prefix("```")) {
            (None, Some(language)) => Some((language, String::new())),
            (Some(block), Some(_)) => {
                found.push(block);
                None
            }
            (Some((language, text)), None) => Some((language, text + line + "\n")),
            (None, None) => None,
        };
    }
    assert!(open.is_none(), "a block without an end");
    let known = ["sh", "json", "python", "javascript", "bash", "sql", "text"];
    assert!(found.iter().all(|(language, _)| known.contains(language)));
    let found = found.into_iter().filter(|(own, _)| *own == language);
    found.map(|(_, text)| text).collect()
}

/// The only block of this language.
pub fn block(language: &str) -> String {
    let mut found = blocks(language);
    assert_eq!(found.len(), 1, "{language}");
    found.remove(0)
}
