//! The import as a `.env`, with comments for what is no setting.

use super::quote::quoted;
use super::settings::{Import, SECRET, Setting};
use super::{PREFIX, public_key};

/// Whether secrets stand in the text.
#[derive(Clone, Copy, PartialEq)]
pub enum Secrets {
    /// As `***`, for a terminal.
    Masked,
    /// As they are, for the file.
    Whole,
}

/// The text of the file, or what the terminal shows of it.
pub fn page(import: &Import, secrets: Secrets) -> String {
    let mut text = match secrets {
        Secrets::Masked => "# Los ajustes que resultan del archivo. Los secretos no se muestran.\n",
        Secrets::Whole => "# Ajustes de este servicio, secretos incluidos: solo para su dueño.\n",
    }
    .to_owned();
    for setting in import.settings() {
        text += &assignment(setting, secrets);
    }
    if let Some((listen, from)) = &import.listen {
        text += &format!(
            "\n# La dirección donde escucha no es un ajuste: se dice al arrancar (de {}).\n\
             #   cargo xtask up --listen {listen}\n",
            from.join(", ")
        );
    }
    text += &list("Por corregir a mano", &import.to_mend);
    let without_place: Vec<_> = import
        .without_place
        .iter()
        .map(|(names, why)| (names.join(", "), why.clone()))
        .collect();
    text += &list("Sin lugar aquí", &without_place);
    text.trim_end().to_owned() + "\n"
}

fn assignment(setting: &Setting, secrets: Secrets) -> String {
    let is_secret = match setting.name {
        "jwt_public_key" => !public_key::is_public(&setting.value),
        name => SECRET.contains(&name),
    };
    let is_masked = is_secret && secrets == Secrets::Masked;
    let value = if is_masked { "***" } else { &setting.value };
    let from = match setting.from.as_slice() {
        [] => None,
        names => Some(format!("de {}", names.join(", "))),
    };
    let note = setting.note.map(str::to_owned);
    let said: Vec<_> = from.into_iter().chain(note).collect();
    format!(
        "\n# {}\n{PREFIX}{}={}\n",
        said.join(": "),
        setting.name.to_uppercase(),
        quoted(value)
    )
}

fn list(heading: &str, lines: &[(String, String)]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines
        .iter()
        .map(|(name, what)| format!("# - {name}: {what}.\n"))
        .collect();
    format!("\n# {heading}:\n{lines}")
}
