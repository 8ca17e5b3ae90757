//! What a caller must know of the served component: its URL and what opens it. The values are the
//! server's own, read with the crate that the stand-in reads them with.

use std::path::Path;

use anyhow::{Context, Result};
use app_manifest::{Manifest, RuntimeConfig, Variables};

use crate::env_file::{self, TOKEN};
use crate::project::Project;

#[derive(Debug, PartialEq)]
pub struct Door {
    /// `root_path` and the first callback path, with a slash in front.
    pub path: String,
    /// `root_path` and the path of the page that shows the interface.
    pub docs: String,
    pub mode: String,
    /// The first header the static token may come in.
    pub header: String,
    pub token: Token,
    /// Whether there is a key that a JWT is verified with.
    pub jwt: bool,
    /// `data_api`: what is behind the door.
    pub data_api: String,
}

/// Where a shell finds the static token. Never the token.
#[derive(Debug, PartialEq)]
pub enum Token {
    EnvFile(std::path::PathBuf),
    Environment,
    /// There is one, from a provider of the runtime configuration.
    Elsewhere,
    Missing,
}

/// The environment and the `.env` of the current folder count, as they do for the server.
pub fn read(project: &Project, runtime_config: &Path) -> Result<Door> {
    let manifest = Manifest::load(&project.spin_toml())?;
    let runtime = RuntimeConfig::load(Some(runtime_config))?;
    let variables = Variables::new(&manifest, &runtime)?;
    let value = |name: &str| -> Result<String> {
        let found = variables.resolve(name)?;
        found.with_context(|| format!("spin.toml has no variable `{name}`"))
    };
    let env_file = project.env_file();
    // Not there, or not readable: then the token is not in it.
    let in_file = std::fs::read_to_string(&env_file).unwrap_or_default();
    let in_environment = std::env::var(TOKEN).ok();
    let root = value("root_path")?;
    Ok(Door {
        path: path(&root, &value("callback_endpoint_path")?),
        docs: path(&root, "docs"),
        mode: value("callback_auth_mode")?,
        header: first_word(&value("callback_token_headers")?).to_owned(),
        token: token(
            &value("callback_token")?,
            in_environment.as_deref(),
            env_file::token_in(&in_file).map(|token| (token, env_file.as_path())),
        ),
        jwt: !value("jwt_public_key")?.trim().is_empty(),
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
fn token(in_force: &str, environment: Option<&str>, file: Option<(&str, &Path)>) -> Token {
    let in_force = first_word(in_force);
    if in_force.is_empty() {
        return Token::Missing;
    }
    // Up to the first space, as the shell's `${…%% *}` takes it.
    if environment.and_then(|value| value.split(' ').next()) == Some(in_force) {
        return Token::Environment;
    }
    match file {
        Some((token, path)) if token == in_force => Token::EnvFile(path.to_owned()),
        _ => Token::Elsewhere,
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
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
        let file = Path::new("/p/.env");
        let in_file = Token::EnvFile(file.to_owned());
        for (in_force, environment, in_env_file, expected) in [
            ("", None, None, Token::Missing),
            ("", Some(""), None, Token::Missing),
            ("abc", None, Some("abc"), in_file),
            ("new old", Some("new old"), Some("abc"), Token::Environment),
            ("vaulted", Some("abc"), Some("abc"), Token::Elsewhere),
            ("vaulted", None, None, Token::Elsewhere),
        ] {
            let found = token(
                in_force,
                environment,
                in_env_file.map(|token| (token, file)),
            );
            assert_eq!(found, expected, "{in_force}");
        }
    }
}
