//! `allowed_outbound_hosts` as a whole: templates filled in, checked, and asked.

use anyhow::{Result, anyhow, bail, ensure};
use url::Url;

use crate::host_pattern::{FORM, HostPattern};
use crate::manifest::Manifest;
use crate::template::Template;
use crate::variables::Variables;

/// The places the component may send HTTP requests to.
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    patterns: Vec<HostPattern>,
    key: String,
}

impl AllowedHosts {
    /// Fills in the templates and checks every entry, first with the variables' defaults, as
    /// Spin does when it loads an application, then with their values.
    ///
    /// # Errors
    /// Each names the entry as it is written; what a variable made of it is not shown.
    pub fn new(manifest: &Manifest, variables: &Variables) -> Result<Self> {
        let key = manifest.at_component("allowed_outbound_hosts");
        let entries = &manifest.component.allowed_outbound_hosts;
        let parse = |(index, text): (usize, &String)| {
            entry(text, variables).map_err(|reason| anyhow!("{key}[{index}]: {text:?} {reason:#}"))
        };
        let patterns = entries
            .iter()
            .enumerate()
            .map(parse)
            .collect::<Result<_>>()?;
        Ok(Self { patterns, key })
    }

    /// Whether the component may send a request to `url`. Its path does not count.
    pub fn allows(&self, url: &Url) -> bool {
        url.host().is_some_and(|host| {
            self.patterns
                .iter()
                .any(|pattern| pattern.allows(url.scheme(), &host, url.port()))
        })
    }

    /// Whether the component may call its own application, which Spin writes `http://self`.
    pub fn allows_self(&self) -> bool {
        self.patterns.iter().any(|pattern| {
            ["http", "https"]
                .iter()
                .any(|scheme| pattern.allows_self(scheme))
        })
    }

    /// `spin.toml: component.<id>.allowed_outbound_hosts`, for messages about a refusal.
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn entry(text: &str, variables: &Variables) -> Result<HostPattern> {
    ensure!(
        text != "insecure:allow-all",
        "is no longer supported; write \"*://*:*\" to allow everything"
    );
    let template = Template::parse(text).map_err(|reason| anyhow!(reason))?;
    variables
        .knows(&template)
        .map_err(|reason| anyhow!("is wrong: {reason}"))?;
    if !template.is_literal()
        && let Some(filled) = variables.fill_with_defaults(&template)
    {
        check(&filled).map_err(|reason| anyhow!("with its variables' defaults {reason}"))?;
    }
    let filled = variables.fill(&template)?;
    match template.is_literal() {
        true => check(&filled),
        false => check(&filled).map_err(|reason| anyhow!("with its variables' values {reason}")),
    }
}

fn check(text: &str) -> Result<HostPattern> {
    let pattern = HostPattern::parse(text).map_err(|reason| anyhow!("{reason}; it {FORM}"))?;
    if pattern.is_service_chaining() {
        bail!("is about another component, and the stand-in serves one only; use Spin");
    }
    Ok(pattern)
}
