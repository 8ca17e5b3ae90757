//! The variables' values, each read once, and everything that is wrong with them.

use zeroize::Zeroizing;

use super::error::Problem;
use super::error::SettingError;
use super::{Noted, Secret, pasted, settings};
use crate::ports::{VariableError, Variables};

/// A secret that is in use, and for what.
pub struct SecretInUse {
    pub setting: &'static str,
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether it lets callers in here: those must not serve another purpose.
    pub is_credential: bool,
    /// Which word of its setting it is, as an error begins.
    pub word: String,
}

/// The variables' values, and what is wrong with them.
pub struct Reader {
    secrets: Vec<Secret>,
    values: Vec<(&'static str, Result<Zeroizing<String>, VariableError>)>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Secrets that were read so far.
    pub(super) in_use: Vec<SecretInUse>,
    /// Whether weak secrets only deserve a warning.
    pub(super) is_development: bool,
}

impl Reader {
    /// Asks the host for every variable.
    pub async fn load(variables: &impl Variables) -> Self {
        let mut values = Vec::with_capacity(settings::ALL.len());
        let mut secrets = Vec::with_capacity(settings::SECRETS.len());
        for &setting in settings::ALL {
            // Any of them may be a secret, if only one in the wrong place.
            let value = variables.variable(setting).await.map(Zeroizing::new);
            // Also where it turns out to be wrong.
            if let Ok(value) = &value
                && settings::SECRETS.contains(&setting)
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

    /// The value of `setting`, unless something is wrong with it. Each is read once.
    pub fn read<T>(
        &mut self,
        setting: &'static str,
        parse: impl Fn(&str) -> Result<T, SettingError>,
    ) -> Result<T, Noted> {
        let mut parsed = Err(Noted);
        self.read_text(setting, &mut |text| {
            parsed = Ok(parse(text)?);
            Ok(())
        })?;
        parsed
    }

    /// What does not depend on the setting's type, so that it is compiled once and not for each.
    fn read_text(
        &mut self,
        setting: &'static str,
        parse: &mut dyn FnMut(&str) -> Result<(), SettingError>,
    ) -> Result<(), Noted> {
        let value = self.value(setting)?;
        let parsed = pasted::cleaned(setting, settings::ALL, &value).and_then(parse);
        parsed.map_err(|error| self.problem(setting, error))
    }

    fn value(&mut self, setting: &'static str) -> Result<Zeroizing<String>, Noted> {
        let index = self.values.iter().position(|(name, _)| *name == setting);
        let value = index.map(|index| self.values.swap_remove(index).1);
        match value {
            Some(Ok(value)) => Ok(value),
            Some(Err(VariableError::Unreadable)) => {
                self.problems.push(Problem {
                    setting,
                    what: "el proveedor de variables no respondió".to_owned(),
                    is_transient: true,
                });
                Err(Noted)
            }
            Some(Err(VariableError::Undeclared)) | None => Err(self.problem(
                setting,
                SettingError::new("spin.toml no la declara para el componente"),
            )),
        }
    }

    /// Notes that `setting` is wrong.
    #[inline(never)]
    pub fn problem(&mut self, setting: &'static str, SettingError(what): SettingError) -> Noted {
        self.problems.push(Problem {
            setting,
            what,
            is_transient: false,
        });
        Noted
    }

    /// Notes what operators should know of `setting`, which is used all the same.
    pub fn warning(&mut self, setting: &'static str, what: String) {
        self.warnings.push(Problem {
            setting,
            what,
            is_transient: false,
        });
    }

    /// Notes that a secret of `setting` is weak. Whether it is used all the same: in development.
    pub fn note_weakness(&mut self, setting: &'static str, error: SettingError) -> bool {
        match self.is_development {
            true => self.warning(setting, error.0),
            false => drop(self.problem(setting, error)),
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
