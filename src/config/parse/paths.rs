//! Paths of this service.

use crate::config::error::SettingError;
use crate::config::pasted;

/// Paths that belong to the host or to other endpoints, with all that is below them.
const RESERVED: &[&str] = &[
    "/.well-known",
    "/admin",
    "/blizwork",
    "/docs",
    "/health",
    "/mailbox",
    "/openapi.json",
    "/webhook",
];

const LONGEST_PATH: usize = 512;

/// Nothing, or one path.
pub fn root_path(value: &str) -> Result<String, SettingError> {
    if value.is_empty() {
        return Ok(String::new());
    }
    path(value)
}

/// One or more different paths, separated by spaces.
pub fn paths(value: &str) -> Result<Vec<String>, SettingError> {
    let mut paths = Vec::new();
    // A comma may be in a path, but hardly before its first slash.
    let value = value.replace(",/", " /");
    for part in value.split_whitespace().map(pasted::unquoted) {
        let part = part.trim_end_matches([',', ';']);
        if part.is_empty() {
            continue;
        }
        // Every other endpoint has a path of its own, which goes first.
        let path = match part {
            "/" => part.to_owned(),
            part => path(part)?,
        };
        let reserved = RESERVED.iter().find(|reserved| {
            path.strip_prefix(**reserved)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if let Some(reserved) = reserved {
            return Err(SettingError(format!("{reserved} está reservada")));
        }
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(SettingError::new(
            "falta: al menos una ruta, como /api/callback",
        ));
    }
    Ok(paths)
}

fn path(value: &str) -> Result<String, SettingError> {
    if value.contains("://") {
        return Err(SettingError::new(
            "es una dirección entera: ponga solo la ruta, desde «/»",
        ));
    }
    let segments = value.strip_prefix('/').map(|rest| rest.split('/'));
    let right = value.len() <= LONGEST_PATH
        && segments.is_some_and(|mut segments| {
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
        Err(SettingError::new(
            "cada ruta empieza por «/», no termina en «/», no lleva espacios, «?», «#» ni «%», y no \
             es larga",
        ))
    }
}
