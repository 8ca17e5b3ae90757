//! Output for the user: progress on stderr, results on stdout. Write errors are dropped, since a
//! closed stream is no reason to stop (`println!` would panic).

use std::io::Write;

/// Announces a step that may take a while.
pub fn step(text: &str) {
    plain(&format!("==> {text}"));
}

pub fn warning(text: &str) {
    plain(&format!("warning: {text}"));
}

pub fn error(text: &str) {
    plain(&format!("error: {text}"));
}

/// One line, or several, on stderr.
pub fn plain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// One line, or several, on stdout.
pub fn result(text: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
