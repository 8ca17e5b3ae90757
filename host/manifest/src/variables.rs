//! The application's variables: who provides them, and what the component sees of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Result, anyhow, ensure};

use crate::environment::{Environment, Fetch};
use crate::manifest::Manifest;
use crate::names;
use crate::runtime::{Provider, RuntimeConfig};
use crate::template::Template;

/// Variables of one application, checked as a whole. Values are asked for when they are needed.
pub struct Variables {
    providers: Vec<Source>,
    declared: BTreeMap<String, Option<String>>,
    component_id: String,
    templates: BTreeMap<String, Template>,
}

enum Source {
    Static(BTreeMap<String, String>),
    Environment(Environment),
}

/// Why the component does not get a variable.
#[derive(Debug)]
pub enum VariableError {
    /// No variable can have such a name.
    InvalidName(String),
    /// `[component.<id>.variables]` does not have it.
    Undefined(String),
    /// A provider could not answer.
    Provider(String),
}

impl Variables {
    /// Providers are those of the runtime config in their order, then the environment with
    /// `SPIN_VARIABLE_`, then `.env` in the current directory, then the default.
    ///
    /// # Errors
    /// Where a template names an unknown variable, or nobody has a required one.
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
            Provider::Static(values) => Source::Static(values.clone()),
            Provider::Env {
                prefix,
                dotenv_path,
            } => Source::Environment(Environment::new(
                prefix.as_deref(),
                fetch,
                dotenv_path.clone(),
            )),
        });
        let last = Source::Environment(Environment::new(None, fetch, Some(dotenv_path)));
        let declared = manifest
            .variables
            .iter()
            .map(|(name, declared)| (name.clone(), declared.default.clone()));
        let variables = Self {
            providers: configured.chain([last]).collect(),
            declared: declared.collect(),
            component_id: manifest.component_id().to_owned(),
            templates: manifest.component.variables.clone(),
        };
        for (name, template) in &variables.templates {
            variables.knows(template).map_err(|reason| {
                anyhow!(
                    "{}: {reason}",
                    manifest.at_component(&format!("variables.{name}"))
                )
            })?;
        }
        variables.required(manifest)?;
        Ok(variables)
    }

    /// The value of an application variable; `None` where spin.toml does not declare it.
    ///
    /// # Errors
    /// Where a provider cannot answer (a malformed `.env`), or nobody has a required variable.
    pub fn resolve(&self, name: &str) -> Result<Option<String>> {
        let Some(default) = self.declared.get(name) else {
            return Ok(None);
        };
        if let Some(value) = self.provided(name)? {
            return Ok(Some(value));
        }
        let missing = || anyhow!("no provider has the required variable {name}");
        default.clone().map(Some).ok_or_else(missing)
    }

    /// The value of the component's variable `name`: its template, resolved.
    ///
    /// # Errors
    /// See [`VariableError`]. None contains a value.
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
        template.resolve(|name| {
            self.resolve(name)?
                .ok_or_else(|| anyhow!("unknown variable {name:?}"))
        })
    }

    /// The template with defaults only; `None` where one of its variables has none.
    pub(crate) fn fill_with_defaults(&self, template: &Template) -> Option<String> {
        template
            .resolve(|name| self.declared.get(name).cloned().flatten().ok_or(()))
            .ok()
    }

    /// Refuses a template that names a variable spin.toml does not declare.
    pub(crate) fn knows(&self, template: &Template) -> Result<(), String> {
        match template
            .variables()
            .find(|name| !self.declared.contains_key(*name))
        {
            Some(name) => Err(format!("there is no variable {name:?} in [variables]")),
            None => Ok(()),
        }
    }

    fn provided(&self, name: &str) -> Result<Option<String>> {
        for provider in &self.providers {
            let value = match provider {
                Source::Static(values) => values.get(name).cloned(),
                Source::Environment(environment) => environment.get(name)?,
            };
            if value.is_some() {
                return Ok(value);
            }
        }
        Ok(None)
    }

    fn required(&self, manifest: &Manifest) -> Result<()> {
        let mut missing = Vec::new();
        for (name, _) in self
            .declared
            .iter()
            .filter(|(_, default)| default.is_none())
        {
            if self.provided(name)?.is_none() {
                missing.push(name.as_str());
            }
        }
        let (first, names) = (
            missing.first().copied().unwrap_or_default(),
            missing.join(", "),
        );
        ensure!(
            missing.is_empty(),
            "{}: no provider has the required variable(s) {names}; set SPIN_VARIABLE_{} in the environment or in .env",
            manifest.at_variable(first),
            first.to_ascii_uppercase()
        );
        Ok(())
    }
}

/// Names only.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables")
            .field("declared", &self.declared.keys())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName(reason) => write!(f, "invalid variable name: {reason}"),
            Self::Undefined(reason) => write!(f, "undefined variable: {reason}"),
            Self::Provider(reason) => write!(f, "variables provider: {reason}"),
        }
    }
}

impl std::error::Error for VariableError {}
