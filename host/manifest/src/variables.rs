//! The application's variables: who provides them, and what the component sees of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use thiserror::Error;

use crate::environment::{Environment, Fetch};
use crate::manifest::Manifest;
use crate::names;
use crate::runtime::{Provider, RuntimeConfig};
use crate::template::Template;

/// Variables of one application, checked as a whole. Values are asked for when they are needed.
pub struct Variables {
    providers: Vec<Provided>,
    /// With their defaults.
    declared: BTreeMap<String, String>,
    component_id: String,
    templates: BTreeMap<String, Template>,
}

enum Provided {
    Static(BTreeMap<String, String>),
    Environment(Environment),
}

/// Why the component does not get a variable. None contains a value.
#[derive(Debug, Error)]
pub enum VariableError {
    /// No variable can have such a name.
    #[error("invalid variable name: {0}")]
    InvalidName(String),
    /// `[component.<id>.variables]` does not have it.
    #[error("undefined variable: {0}")]
    Undefined(String),
    /// A provider could not answer.
    #[error("variables provider: {0}")]
    Provider(String),
}

impl Variables {
    /// Providers are those of the runtime config in their order, then the environment with
    /// `SPIN_VARIABLE_`, then `.env` in the current directory, then the default.
    ///
    /// # Errors
    /// Where a template names an unknown variable.
    pub fn new(manifest: &Manifest, runtime: &RuntimeConfig) -> Result<Self> {
        Self::with_environment(manifest, runtime, |key| std::env::var(key), ".env".into())
    }

    pub(crate) fn with_environment(
        manifest: &Manifest,
        runtime: &RuntimeConfig,
        fetch: Fetch,
        dotenv_path: PathBuf,
    ) -> Result<Self> {
        let configured = runtime.providers.iter().map(|provider| match provider {
            Provider::Static(values) => Provided::Static(values.clone()),
            Provider::Env { dotenv_path } => {
                Provided::Environment(Environment::new(fetch, dotenv_path.clone()))
            }
        });
        let last = Provided::Environment(Environment::new(fetch, Some(dotenv_path)));
        let variables = Self {
            providers: configured.chain([last]).collect(),
            declared: manifest.variables.clone(),
            component_id: manifest.component_id().to_owned(),
            templates: manifest.component.variables.clone(),
        };
        for (name, template) in &variables.templates {
            variables
                .check_names(template)
                .with_context(|| manifest.at_component(&format!("variables.{name}")))?;
        }
        Ok(variables)
    }

    /// The value of an application variable; `None` where spin.toml does not declare it.
    ///
    /// # Errors
    /// Where a provider cannot answer (a malformed `.env`).
    pub fn resolve(&self, name: &str) -> Result<Option<String>> {
        let Some(default) = self.declared.get(name) else {
            return Ok(None);
        };
        for provider in &self.providers {
            let value = match provider {
                Provided::Static(values) => values.get(name).cloned(),
                Provided::Environment(environment) => environment.get(name)?,
            };
            if value.is_some() {
                return Ok(value);
            }
        }
        Ok(Some(default.clone()))
    }

    /// The value of the component's variable `name`: its template, resolved.
    ///
    /// # Errors
    /// See [`VariableError`].
    pub fn component(&self, name: &str) -> Result<String, VariableError> {
        names::variable(name)
            .map_err(|reason| VariableError::InvalidName(format!("{name:?}: {reason}")))?;
        let undefined = || {
            VariableError::Undefined(format!("no variable for {:?}.{name:?}", self.component_id))
        };
        let template = self.templates.get(name).ok_or_else(undefined)?;
        self.fill(template)
            .map_err(|error| VariableError::Provider(format!("{error:#}")))
    }

    /// Asks for every variable once, so that what is wrong with a provider shows at the start
    /// and not in the first request.
    ///
    /// # Errors
    /// As [`Variables::resolve`].
    pub fn check(&self) -> Result<()> {
        self.declared
            .keys()
            .try_for_each(|name| self.resolve(name).map(drop))
    }

    /// The template with today's values.
    pub(crate) fn fill(&self, template: &Template) -> Result<String> {
        template.resolve(|name| self.resolve(name)?.ok_or_else(|| unknown(name)))
    }

    /// The template with defaults only.
    pub(crate) fn fill_with_defaults(&self, template: &Template) -> Result<String> {
        template.resolve(|name| {
            let default = self.declared.get(name).cloned();
            default.ok_or_else(|| unknown(name))
        })
    }

    /// Refuses a template that names a variable spin.toml does not declare.
    pub(crate) fn check_names(&self, template: &Template) -> Result<()> {
        let mut names = template.variables();
        match names.find(|name| !self.declared.contains_key(*name)) {
            Some(name) => Err(unknown(name)),
            None => Ok(()),
        }
    }
}

fn unknown(name: &str) -> anyhow::Error {
    anyhow!("there is no variable {name:?} in [variables]")
}

/// Names only.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables")
            .field("declared", &self.declared.keys())
            .finish_non_exhaustive()
    }
}
