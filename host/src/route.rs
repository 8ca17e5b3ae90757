//! Which paths the trigger's route takes, and what of the path is left to the component.
//! Exact paths and a final `/...` only; the manifest refuses other wildcards.

/// A route of the HTTP trigger.
#[derive(Debug)]
pub struct Route {
    /// As written in spin.toml.
    raw: String,
    /// With a slash in front and none at the end.
    based: String,
    /// Without slashes at its ends, and without the wildcard.
    fixed: String,
    wildcard: bool,
}

impl Route {
    /// Takes a route as the manifest has it.
    pub fn new(raw: &str) -> Self {
        let absolute = if raw.starts_with('/') {
            raw.to_owned()
        } else {
            format!("/{raw}")
        };
        let based = absolute.strip_suffix('/').unwrap_or(&absolute).to_owned();
        let (fixed, wildcard) = match based.strip_suffix("/...") {
            Some(fixed) => (fixed, true),
            None => (based.as_str(), false),
        };
        let fixed = fixed.trim_matches('/').to_owned();
        Self {
            raw: raw.to_owned(),
            based,
            fixed,
            wildcard,
        }
    }

    /// Where the route takes `path`: what the wildcard stands for, with its slashes, and nothing
    /// for an exact route. `None` where it does not take it.
    pub fn matches(&self, path: &str) -> Option<String> {
        let trimmed = path.trim_matches('/');
        if !self.wildcard {
            return (trimmed == self.fixed).then(String::new);
        }
        let rest = match trimmed.strip_prefix(self.fixed.as_str())? {
            rest if self.fixed.is_empty() || rest.is_empty() => rest,
            rest => rest.strip_prefix('/')?,
        };
        Some(match (rest.is_empty(), path.ends_with('/')) {
            (true, false) => String::new(),
            (true, true) => "/".to_owned(),
            (false, false) => format!("/{rest}"),
            (false, true) => format!("/{rest}/"),
        })
    }

    /// `spin-matched-route`.
    pub fn based(&self) -> &str {
        &self.based
    }

    /// `spin-raw-component-route`.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// `spin-component-route`.
    pub fn raw_prefix(&self) -> &str {
        self.raw.strip_suffix("/...").unwrap_or(&self.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_takes_its_paths_and_no_others() {
        let cases = [
            ("/...", "/", Some("/")),
            ("/...", "/a/b", Some("/a/b")),
            ("/...", "/a/b/", Some("/a/b/")),
            ("/a/...", "/a", Some("")),
            ("/a/...", "/a/", Some("/")),
            ("/a/...", "/a/b", Some("/b")),
            ("/a/...", "/ab", None),
            ("/a/...", "/b", None),
            ("/a", "/a", Some("")),
            ("/a", "/a/", Some("")),
            ("/a", "/a/b", None),
            ("a", "/a", Some("")),
            ("/", "/", Some("")),
            ("/", "/a", None),
        ];
        for (route, path, expected) in cases {
            assert_eq!(
                Route::new(route).matches(path).as_deref(),
                expected,
                "{route} {path}"
            );
        }
    }

    #[test]
    fn a_route_has_three_spellings() {
        let all = Route::new("/...");
        assert_eq!(
            (all.based(), all.raw(), all.raw_prefix()),
            ("/...", "/...", "")
        );
        let bare = Route::new("a/b/");
        assert_eq!(
            (bare.based(), bare.raw(), bare.raw_prefix()),
            ("/a/b", "a/b/", "a/b/")
        );
    }
}
