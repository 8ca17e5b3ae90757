//! Output for the user: progress on stderr, results on stdout. Write errors are dropped, since a
//! closed stream is no reason to stop.

use std::io::Write as _;

/// What is being measured.
pub fn progress(text: &str) {
    let _ = writeln!(std::io::stderr(), "    {text}");
}

pub fn warning(text: &str) {
    let _ = writeln!(std::io::stderr(), "warning: {text}");
}

pub fn error(text: &str) {
    let _ = writeln!(std::io::stderr(), "error: {text}");
}

pub fn result(text: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
