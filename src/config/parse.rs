//! Text of a variable → its type, or what is wrong with it in Spanish. No fault quotes the text.

use std::time::Duration;

use ::http::HeaderName;
use zeroize::Zeroizing;

use super::{Problem, Secret, UtcOffset};
use crate::credentials::{Keys, SignatureKeys};
use crate::ports::{VariableError, Variables};

/// Paths that belong to the host or to other endpoints, with all that is below them.
const RESERVED: &[&str] = &[
    "/.well-known",
    "/admin",
    "/blizwork",
    "/docs",
    "/health",
    "/openapi.json",
    "/webhook",
];

/// Headers with a meaning of their own; what they hold is logged or sent back.
const NOT_FOR_TOKENS: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "spin-client-addr",
    "transfer-encoding",
    "x-forwarded-for",
    "x-request-id",
];

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault(String);

impl Fault {
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// Reads variables and collects what is wrong with them.
pub struct Reader<'a, V> {
    variables: &'a V,
    problems: Vec<Problem>,
}

impl<'a, V: Variables> Reader<'a, V> {
    pub fn new(variables: &'a V) -> Self {
        Self {
            variables,
            problems: Vec::new(),
        }
    }

    /// The value of `setting`; `None` after noting what is wrong.
    pub async fn read<T>(
        &mut self,
        setting: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        match self.variables.variable(setting).await {
            // Any of them may be a secret, if only one in the wrong place.
            Ok(value) => match parse(Zeroizing::new(value).trim()) {
                Ok(parsed) => return Some(parsed),
                Err(fault) => self.problem(setting, fault),
            },
            Err(VariableError::Undeclared) => self.problem(
                setting,
                Fault::new("spin.toml no la declara para el componente"),
            ),
            Err(VariableError::Unreadable) => self.problems.push(Problem {
                setting,
                what: "el proveedor de variables no respondió".to_owned(),
                passing: true,
            }),
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

    /// Whether nothing was wrong so far.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// One of the words in `choices`.
pub fn one_of<T: Copy>(value: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    choices
        .iter()
        .find(|(word, _)| *word == value)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            Fault(format!(
                "valor desconocido; se admite: {}",
                words.join(", ")
            ))
        })
}

/// A whole number from `least` to `most`.
pub fn number(value: &str, least: usize, most: usize) -> Result<usize, Fault> {
    value
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| Fault(format!("debe ser un número entero de {least} a {most}")))
}

/// Nothing, or one path.
pub fn root_path(value: &str) -> Result<String, Fault> {
    if value.is_empty() {
        return Ok(String::new());
    }
    path(value)
}

/// One or more different paths, separated by spaces.
pub fn paths(value: &str) -> Result<Vec<String>, Fault> {
    let mut paths = Vec::new();
    for part in value.split_ascii_whitespace() {
        let path = path(part)?;
        let taken = RESERVED.iter().find(|taken| {
            path.strip_prefix(**taken)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if let Some(taken) = taken {
            return Err(Fault(format!("{taken} está reservada")));
        }
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(Fault::new("falta: al menos una ruta, como /api/callback"));
    }
    Ok(paths)
}

fn path(value: &str) -> Result<String, Fault> {
    let segments = value.strip_prefix('/').map(|rest| rest.split('/'));
    let right = segments.is_some_and(|mut segments| {
        segments.all(|segment| {
            !matches!(segment, "" | "." | "..")
                && segment.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
                })
        })
    });
    if right {
        Ok(value.to_owned())
    } else {
        Err(Fault::new(
            "cada ruta empieza por «/», no termina en «/» y no lleva espacios, «?», «#» ni «%»",
        ))
    }
}

/// Tokens separated by spaces; there may be none.
pub fn tokens(value: &str) -> Result<Vec<Secret>, Fault> {
    // Other characters cannot come in a header, or not in the same way from every caller.
    if value
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() && !byte.is_ascii_whitespace())
    {
        return Err(Fault::new(
            "un token solo puede llevar letras, cifras y signos ASCII, sin tildes ni eñes",
        ));
    }
    Ok(value.split_ascii_whitespace().map(Secret::new).collect())
}

/// Public keys; there may be none.
pub fn keys(value: &str) -> Result<Option<Keys>, Fault> {
    if value.is_empty() {
        return Ok(None);
    }
    Keys::parse(value)
        .map(Some)
        .map_err(|fault| Fault::new(fault.to_string()))
}

/// Keys of body signatures; there may be none.
pub fn signature_keys(value: &str) -> Result<Option<SignatureKeys>, Fault> {
    SignatureKeys::parse(value).map_err(|fault| Fault::new(fault.to_string()))
}

/// Any text, or none.
pub fn text(value: &str) -> Result<Option<String>, Fault> {
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

/// One or more header names, separated by spaces.
pub fn headers(value: &str) -> Result<Vec<HeaderName>, Fault> {
    let mut names = Vec::new();
    for part in value.split_ascii_whitespace() {
        let name = HeaderName::from_bytes(part.as_bytes())
            .ok()
            .filter(|name| !NOT_FOR_TOKENS.contains(&name.as_str()))
            .ok_or_else(|| Fault::new("un nombre de cabecera no es válido"))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Err(Fault::new("falta: al menos una cabecera"));
    }
    Ok(names)
}

/// `+HH:MM` or `-HH:MM`, at most 14 hours.
pub fn utc_offset(value: &str) -> Result<UtcOffset, Fault> {
    let fault = || Fault::new("debe tener la forma +HH:MM o -HH:MM, hasta 14 horas");
    let (sign, rest) = value.split_at_checked(1).ok_or_else(fault)?;
    let (hours, minutes) = rest.split_once(':').ok_or_else(fault)?;
    let two_digits = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u64>().ok())
            .flatten()
    };
    let hours = two_digits(hours).ok_or_else(fault)?;
    let minutes = two_digits(minutes).filter(|&m| m < 60).ok_or_else(fault)?;
    let behind = match sign {
        "+" => false,
        "-" => true,
        _ => return Err(fault()),
    };
    let distance = Duration::from_secs(hours * 3600 + minutes * 60);
    if distance > Duration::from_secs(14 * 3600) {
        return Err(fault());
    }
    Ok(UtcOffset { behind, distance })
}
