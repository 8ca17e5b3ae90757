//! `allowed_outbound_hosts`: the origins that the component may send requests to, templates filled
//! in. Wildcards, networks and port ranges are refused, for this application has none.

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use url::{Origin, Url};

use crate::manifest::Manifest;
use crate::template::Template;
use crate::variables::Variables;

const FORM: &str = "it must be scheme://host[:port], such as https://example.com or \
                    http://localhost:5000";

/// The places the component may send HTTP requests to.
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    origins: Vec<Origin>,
    key: String,
}

impl AllowedHosts {
    /// Fills in the templates and checks every entry, first with the variables' defaults, as
    /// Spin does when it loads an application, then with their values. A template that comes to
    /// nothing allows nothing: its service is not in use.
    ///
    /// # Errors
    /// Each names the entry as it is written; what a variable made of it is not shown.
    pub fn new(manifest: &Manifest, variables: &Variables) -> Result<Self> {
        let key = manifest.at_component("allowed_outbound_hosts");
        let entries = manifest.component.allowed_outbound_hosts.iter();
        let origins = entries.enumerate().map(|(index, text)| {
            entry(text, variables).map_err(|reason| anyhow!("{key}[{index}]: {text:?} {reason:#}"))
        });
        let origins = origins.collect::<Result<Vec<_>>>()?;
        let origins = origins.into_iter().flatten().collect();
        Ok(Self { origins, key })
    }

    /// Whether the component may send a request to `url`. Its path does not count.
    pub fn allows(&self, url: &Url) -> bool {
        self.origins.contains(&url.origin())
    }

    /// `spin.toml: component.<id>.allowed_outbound_hosts`, for messages about a refusal.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// `None`: a template that comes to nothing.
fn entry(text: &str, variables: &Variables) -> Result<Option<Origin>> {
    let template = Template::parse(text)?;
    variables.check_names(&template).context("is wrong")?;
    if template.is_literal() {
        return origin(text).map(Some);
    }
    filled(&variables.fill_with_defaults(&template)?)
        .map_err(|reason| anyhow!("with its variables' defaults {reason}"))?;
    filled(&variables.fill(&template)?)
        .map_err(|reason| anyhow!("with its variables' values {reason}"))
}

/// As Spin skips what templates come to, to the letter: blanks are no exception.
fn filled(text: &str) -> Result<Option<Origin>> {
    match text {
        "" | "http://" | "https://" => Ok(None),
        _ => origin(text).map(Some),
    }
}

/// Blanks around it do not count. Reasons never repeat the text, which may have a secret in it.
fn origin(text: &str) -> Result<Origin> {
    let text = text.trim();
    ensure!(!text.is_empty(), "must not be empty; {FORM}");
    ensure!(
        !text.contains(['*', '{']),
        "has a wildcard or a list, which the stand-in does not know; use Spin, or write one origin"
    );
    let Some((scheme, rest)) = text.split_once("://") else {
        bail!("has no scheme, such as https://; {FORM}");
    };
    ensure!(
        ["http", "https"].contains(&scheme),
        "has another scheme than http and https, and the stand-in speaks no other; use Spin"
    );
    let url = Url::parse(text).ok();
    let url = url.filter(|_| !rest.starts_with(['/', '\\']));
    let url = url.with_context(|| format!("has no valid host and port; {FORM}"))?;
    ensure!(
        url.path() == "/" && url.query().is_none() && url.fragment().is_none(),
        "must not have a path; {FORM}"
    );
    let host = url.host_str().unwrap_or_default();
    ensure!(
        !["self", "self.alt"].contains(&host) && !host.ends_with(".spin.internal"),
        "is a component of the application, and the stand-in lets none be called; use Spin"
    );
    Ok(url.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_scheme_a_host_and_a_port() {
        for text in [
            "http://example.com",
            "https://example.com:8443",
            "http://example.com/",
            "http://example.com:80/",
            "http://127.0.0.1",
            "http://[::1]",
            "http://[::1]:80",
            " http://example.com ",
            "http://example.com:",
        ] {
            assert!(origin(text).is_ok(), "{text:?}: {:?}", origin(text));
        }
        for (text, reason) in [
            ("", "must not be empty"),
            (" ", "must not be empty"),
            ("?", "has no scheme"),
            (":", "has no scheme"),
            ("example.com", "has no scheme"),
            ("http://", "has no valid host"),
            ("https://", "has no valid host"),
            ("http:///x", "has no valid host"),
            ("http://a b", "has no valid host"),
            ("http://x:port", "has no valid host and port"),
            ("http://x:1..2", "has no valid host and port"),
            ("http://x:70000", "has no valid host and port"),
            ("http://example.com/path", "must not have a path"),
            ("http://example.com:80/path", "must not have a path"),
            ("http://example.com?a", "must not have a path"),
            ("http://10.0.0.0/8", "must not have a path"),
            ("tcp://x:1", "has another scheme"),
            ("redis://x", "has another scheme"),
            ("*", "has a wildcard"),
            ("*://*:*", "has a wildcard"),
            ("http://*.example.com", "has a wildcard"),
            ("http://{a,b}", "has a wildcard or a list"),
            ("http://self", "is a component of the application"),
            ("http://self.alt", "is a component of the application"),
            (
                "http://a.spin.internal",
                "is a component of the application",
            ),
        ] {
            let refused = origin(text).expect_err(text).to_string();
            assert!(refused.starts_with(reason), "{text:?}: {refused}");
        }
    }

    #[test]
    fn only_what_a_template_comes_to_may_be_nothing() {
        for text in ["", "http://", "https://"] {
            assert_eq!(filled(text).unwrap(), None, "{text:?}");
            assert!(origin(text).is_err(), "{text:?}");
        }
        for text in [" ", "http:// ", "https:///", "http://:80", "ftp://", "://"] {
            assert!(filled(text).is_err(), "{text:?}");
        }
        let expected = origin("https://a.example").unwrap();
        assert_eq!(filled("https://a.example").unwrap(), Some(expected));
    }

    #[test]
    fn a_request_is_allowed_where_scheme_host_and_port_all_match() {
        for (allowed, url, expected) in [
            ("http://example.com", "http://example.com/any/path?q", true),
            ("http://example.com", "http://EXAMPLE.com:80", true),
            ("http://example.com", "http://example.com:8080", false),
            ("http://example.com", "https://example.com", false),
            ("http://example.com", "http://sub.example.com", false),
            ("http://example.com", "http://example.com.evil.org", false),
            ("http://[::1]:5", "http://[::1]:5", true),
            ("http://127.0.0.1:5", "http://127.0.0.2:5", false),
        ] {
            let hosts = AllowedHosts {
                origins: vec![origin(allowed).unwrap()],
                key: String::new(),
            };
            let url = Url::parse(url).unwrap();
            assert_eq!(hosts.allows(&url), expected, "{allowed} {url}");
        }
    }
}
