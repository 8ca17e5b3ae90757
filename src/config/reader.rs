//! The variables' values, each read once, and everything that is wrong with them.

use zeroize::Zeroizing;

use super::parse::Fault;
use super::secrets::InUse;
use super::{Problem, Secret, pasted};
use crate::ports::{VariableError, Variables};

/// Every variable there is. `spin.toml` declares the same ones.
const SETTINGS: [&str; 41] = [
    "environment",
    "root_path",
    "log_level",
    "max_body_bytes",
    "trusted_proxies",
    "failed_attempts_per_minute",
    "callback_endpoint_path",
    "callback_auth_mode",
    "callback_token",
    "callback_token_headers",
    "jwt_public_key",
    "jwt_issuer",
    "jwt_audience",
    "jwt_leeway_seconds",
    "outbox_max_age_hours",
    "admin_token",
    "webhook_secret",
    "webhook_tolerance_seconds",
    "webhook_rate_limit_per_minute",
    "webhook_tables",
    "blizwork_api_origin",
    "blizwork_api_token",
    "blizwork_endpoint_url",
    "blizwork_token_field",
    "blizwork_table",
    "data_api",
    "data_api_origin",
    "data_api_path",
    "data_api_headers",
    "data_api_timeout_ms",
    "oauth_origin",
    "oauth_path",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_scope",
    "sam_write",
    "sam_procedure",
    "sam_table",
    "sam_columns",
    "sam_final_states",
    "sam_utc_offset",
];

/// Those of them that hold secrets, which are kept out of the log wherever they stand. `spin.toml`
/// declares the same ones as `secret`.
pub const SECRET_SETTINGS: [&str; 6] = [
    "admin_token",
    "blizwork_api_token",
    "callback_token",
    "data_api_headers",
    "oauth_client_secret",
    "webhook_secret",
];

/// The variables' values, and what is wrong with them.
pub struct Reader {
    secrets: Vec<Secret>,
    values: Vec<(&'static str, Result<Zeroizing<String>, VariableError>)>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Secrets that were read so far.
    pub(super) in_use: Vec<InUse>,
    /// Whether weak secrets only deserve a warning.
    pub(super) is_development: bool,
}

impl Reader {
    /// Asks the host for every variable.
    pub async fn load(variables: &impl Variables) -> Self {
        let mut values = Vec::with_capacity(SETTINGS.len());
        let mut secrets = Vec::with_capacity(SECRET_SETTINGS.len());
        for setting in SETTINGS {
            // Any of them may be a secret, if only one in the wrong place.
            let value = variables.variable(setting).await.map(Zeroizing::new);
            // Also where it turns out to be wrong.
            if let Ok(value) = &value
                && SECRET_SETTINGS.contains(&setting)
            {
                secrets.push(Secret::new(value.as_str()));
            }
            values.push((setting, value));
        }
        Self {
            secrets,
            values,
            problems: Vec::new(),
            warnings: Vec::new(),
            in_use: Vec::new(),
            is_development: false,
        }
    }

    /// The value of `setting`; `None` after noting what is wrong. Each is read once.
    pub fn read<T>(
        &mut self,
        setting: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let value = self.take(setting)?;
        match pasted::cleaned(setting, &SETTINGS, &value).and_then(parse) {
            Ok(parsed) => Some(parsed),
            Err(fault) => {
                self.problem(setting, fault);
                None
            }
        }
    }

    fn take(&mut self, setting: &'static str) -> Option<Zeroizing<String>> {
        let place = self.values.iter().position(|(name, _)| *name == setting);
        let value = place.map(|place| self.values.swap_remove(place).1);
        match value {
            Some(Ok(value)) => return Some(value),
            Some(Err(VariableError::Unreadable)) => self.problems.push(Problem {
                setting,
                what: "el proveedor de variables no respondió".to_owned(),
                passing: true,
            }),
            Some(Err(VariableError::Undeclared)) | None => self.problem(
                setting,
                Fault::new("spin.toml no la declara para el componente"),
            ),
        }
        None
    }

    /// Notes that `setting` is wrong.
    pub fn problem(&mut self, setting: &'static str, Fault(what): Fault) {
        self.problems.push(Problem {
            setting,
            what,
            passing: false,
        });
    }

    /// Notes what operators should know of `setting`, which is used all the same.
    pub fn warning(&mut self, setting: &'static str, what: String) {
        self.warnings.push(Problem {
            setting,
            what,
            passing: false,
        });
    }

    /// Notes that a secret of `setting` is weak. Whether it is used all the same: in development.
    pub fn note_weakness(&mut self, setting: &'static str, fault: Fault) -> bool {
        match self.is_development {
            true => self.warning(setting, fault.0),
            false => self.problem(setting, fault),
        }
        self.is_development
    }

    /// Whether nothing was wrong so far.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// The values of the settings that hold secrets.
    pub fn secrets(&mut self) -> Vec<Secret> {
        std::mem::take(&mut self.secrets)
    }

    /// Problems and warnings: all that was noted. By now every setting has been read.
    pub fn into_notes(self) -> (Vec<Problem>, Vec<Problem>) {
        debug_assert!(self.values.is_empty());
        (self.problems, self.warnings)
    }
}
