//! What a caller must know of the served component: its URLs, and which credentials it wants. The
//! values are read with the crate that the stand-in reads them with.

use std::path::Path;

use anyhow::{Context, Result};
use app_manifest::{Manifest, RuntimeConfig, Variables};

use crate::env_file::{self, TOKEN, first_word};
use crate::project::Project;

#[derive(Debug, PartialEq)]
pub struct CallbackEndpoint {
    /// `root_path` and the first callback path, with a slash in front.
    pub path: String,
    /// `root_path` and the path of the page that shows the interface.
    pub docs_path: String,
    pub auth_mode: String,
    /// The first header the static token may come in.
    pub token_header: String,
    pub token: TokenSource,
    /// Whether there is a key that a JWT is verified with.
    pub verifies_jwt: bool,
    pub data_api: String,
}

/// Where the static token in force is set. Never the token.
#[derive(Debug, PartialEq)]
pub enum TokenSource {
    EnvFile,
    Environment {
        /// Whether it has several tokens, of which the first is meant.
        has_several: bool,
    },
    /// A provider of the runtime configuration.
    Provider,
    Missing,
}

/// The environment and the `.env` of the current folder count, as they do for the server.
pub fn read(project: &Project, runtime_config: &Path) -> Result<CallbackEndpoint> {
    let manifest = Manifest::load(&project.spin_toml())?;
    let runtime = RuntimeConfig::load(Some(runtime_config))?;
    let variables = Variables::new(&manifest, &runtime)?;
    let value = |name: &str| -> Result<String> {
        let found = variables.resolve(name)?;
        found.with_context(|| format!("spin.toml has no variable `{name}`"))
    };
    let in_environment = std::env::var(TOKEN).ok();
    let in_file = env_file::token(&project.env_file())?;
    let root = value("root_path")?;
    Ok(CallbackEndpoint {
        path: path(&root, &value("callback_endpoint_path")?),
        docs_path: path(&root, "docs"),
        auth_mode: value("callback_auth_mode")?,
        token_header: first_word(&value("callback_token_headers")?).to_owned(),
        token: token_source(
            &value("callback_token")?,
            in_environment.as_deref(),
            in_file.as_deref(),
        ),
        verifies_jwt: !value("jwt_public_key")?.trim().is_empty()
            || !value("jwt_jwks_origin")?.trim().is_empty(),
        data_api: value("data_api")?.trim().to_owned(),
    })
}

fn path(root: &str, endpoints: &str) -> String {
    let endpoint = first_word(endpoints);
    let parts = [root.trim(), endpoint];
    let path: String = parts
        .map(|part| part.trim_matches('/'))
        .iter()
        .filter(|part| !part.is_empty())
        .map(|part| format!("/{part}"))
        .collect();
    // The root itself is the one endpoint that ends like this.
    if endpoint == "/" { path + "/" } else { path }
}

/// A provider may come first, so a place counts only if it has the value in force.
fn token_source(in_force: &str, environment: Option<&str>, file: Option<&str>) -> TokenSource {
    let in_force = first_word(in_force);
    if in_force.is_empty() {
        return TokenSource::Missing;
    }
    // Up to the first space, as the shell's `${…%% *}` takes it.
    if let Some((first, has_several)) = environment.map(up_to_a_space)
        && first == in_force
    {
        return TokenSource::Environment { has_several };
    }
    match file {
        Some(token) if token == in_force => TokenSource::EnvFile,
        _ => TokenSource::Provider,
    }
}

fn up_to_a_space(text: &str) -> (&str, bool) {
    let split = text.split_once(' ');
    split.map_or((text, false), |(first, _)| (first, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_endpoint_is_below_the_root() {
        for (root, endpoints, expected) in [
            ("", "/api/callback", "/api/callback"),
            ("/sam/", "/api/callback /old", "/sam/api/callback"),
            ("sam", "callback", "/sam/callback"),
            ("", "/ /old", "/"),
            ("/sam", "/", "/sam/"),
        ] {
            assert_eq!(path(root, endpoints), expected);
        }
    }

    #[test]
    fn the_token_is_looked_for_where_the_one_in_force_is() {
        let environment = |has_several| TokenSource::Environment { has_several };
        for (in_force, in_environment, in_file, expected) in [
            ("", None, None, TokenSource::Missing),
            ("", Some(""), None, TokenSource::Missing),
            ("abc", None, Some("abc"), TokenSource::EnvFile),
            ("new", Some("new"), Some("abc"), environment(false)),
            ("new old", Some("new old"), Some("abc"), environment(true)),
            ("other", Some("abc"), Some("abc"), TokenSource::Provider),
            ("other", None, None, TokenSource::Provider),
        ] {
            let found = token_source(in_force, in_environment, in_file);
            assert_eq!(found, expected, "{in_force}");
        }
    }
}
