//! The fenced blocks of the pages.

use crate::project;

/// What stands between the fences of each block of this language, in the page's order.
pub fn blocks_of(page: &str, language: &str) -> Vec<String> {
    let page = project::text(page);
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
