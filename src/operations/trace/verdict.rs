//! What is known of a deployment, as one sentence for operators: whether its callback arrived, and what to do.

use super::findings::{Findings, RowState};
use crate::delivery::outbox::{EntryState, FoundEntry, QueueReason};
use crate::instance::unix_time::rfc3339_seconds;
use crate::operations::refusals::RefusalView;

/// What the sentence is made from.
pub struct Evidence<'a> {
    row: &'a RowState,
    is_embedded: bool,
    /// The change that is delivered next.
    waiting: Option<&'a FoundEntry>,
    /// The last dead letter.
    dead: Option<&'a FoundEntry>,
    /// The last refusal that names the deployment.
    refused: Option<&'a RefusalView<'a>>,
}

impl<'a> Evidence<'a> {
    /// What of the findings counts.
    pub fn of(findings: &'a Findings, refused: Option<&'a RefusalView<'a>>) -> Self {
        let of_state = |state| {
            let entries = findings.entries.iter();
            entries.filter(move |entry| entry.location.state() == state)
        };
        Self {
            row: &findings.row,
            is_embedded: findings.is_embedded,
            waiting: of_state(EntryState::Waiting).next(),
            dead: of_state(EntryState::Dead).max_by_key(|entry| entry.location.id()),
            refused,
        }
    }

    /// One Spanish sentence.
    pub fn verdict(&self) -> String {
        let text = match self.row {
            _ if self.is_embedded => self.embedded(),
            RowState::Found { row, is_final } if *is_final || row.is_archived => {
                format!("{}{}", self.closed(), self.left_over())
            }
            RowState::Found { row, .. } => self.open(&row.state, row.has_callback == Some(true)),
            RowState::Absent => self.absent(),
            RowState::Unreadable => {
                self.unread("No se pudo leer la ejecución en SAM (la causa está en el registro)")
            }
            RowState::NotOffered => self.unread(
                "No se puede leer la ejecución en SAM: la base de datos no tiene el procedimiento de \
                 sam_lookup_procedure",
            ),
        };
        format!("{text}.")
    }

    /// The row is never changed again.
    fn closed(&self) -> String {
        let RowState::Found { row, is_final } = self.row else {
            return String::new();
        };
        let (state, archived) = (&row.state, row.is_archived);
        let ended = row.ended.as_deref();
        let ended = ended.map_or_else(String::new, |at| format!(" el {}", at.replace('T', " ")));
        let moved = if archived {
            ", y SAM ya la movió al histórico"
        } else {
            ""
        };
        match row.has_callback {
            Some(true) => format!(
                "Sí llegó: el callback está en SAM y la ejecución terminó como {state}{ended}{moved}; no \
                 hay nada que hacer"
            ),
            Some(false) if *is_final => format!(
                "La ejecución terminó en SAM como {state}{ended}, pero sin callback: la cerró el \
                 Conciliador o una persona{moved}"
            ),
            Some(false) => format!(
                "SAM dio la ejecución por perdida ({state}) sin que llegara su callback, y la movió al \
                 histórico: si el robot terminó, hay que corregirla en SAM"
            ),
            None => format!(
                "La ejecución terminó en SAM como {state}{ended}{moved}; esta configuración no permite ver \
                 si fue por un callback"
            ),
        }
    }

    /// What is still somewhere although the row is closed.
    fn left_over(&self) -> String {
        let has_callback =
            matches!(self.row, RowState::Found { row, .. } if row.has_callback == Some(true));
        match (self.dead, self.waiting, self.refused) {
            (Some(_), ..) => {
                "; la entrega fallida que queda ya no cambia nada y se puede borrar".into()
            }
            (_, Some(_), _) => "; el cambio que espera ya no cambia nada y se retira solo".into(),
            (.., Some(refused)) if !has_callback => format!("; {}", refusal(refused)),
            _ => String::new(),
        }
    }

    /// The row still waits for its end.
    fn open(&self, state: &str, has_callback: bool) -> String {
        match (self.dead, self.waiting, self.refused) {
            (Some(dead), ..) => format!(
                "No llegó a SAM: el callback se recibió el {} y es una entrega fallida ({}), y la ejecución \
                 sigue en {state}; corrija la causa y reintente la entrega",
                came(dead),
                failure(dead)
            ),
            (_, Some(waiting), _) => format!(
                "Todavía no llegó a SAM: el callback se recibió el {}, espera en la bandeja ({}) y se \
                 reintenta solo; la ejecución sigue en {state}",
                came(waiting),
                failure(waiting)
            ),
            _ if has_callback => format!(
                "Sí llegó: el callback dejó la ejecución en {state}, que SAM no cuenta como estado final; \
                 avise a quien mantiene SAM"
            ),
            (.., Some(refused)) => format!(
                "No llegó a SAM: {}; la ejecución sigue en {state} y no consta que A360 reintente",
                refusal(refused)
            ),
            _ if state == "UNKNOWN" => format!(
                "No consta que A360 haya llamado, y el Conciliador dio la ejecución por perdida ({state}): \
                 compruebe en A360 si el robot terminó y a qué dirección envía el callback"
            ),
            _ => format!(
                "No consta que A360 haya llamado, y la ejecución sigue en {state}: compruebe en A360 si el \
                 robot terminó y a qué dirección envía el callback"
            ),
        }
    }

    /// SAM has no such row, not even in its history where that is looked at.
    fn absent(&self) -> String {
        match (self.dead, self.waiting, self.refused) {
            (Some(dead), ..) => format!(
                "El callback llegó el {}, pero SAM no tiene la ejecución y quedó como entrega fallida ({}): \
                 si el Lanzador la inserta, reintente la entrega; si no, bórrela",
                came(dead),
                failure(dead)
            ),
            (_, Some(waiting), _) => format!(
                "El callback llegó el {}, pero SAM todavía no tiene la ejecución: espera a que el Lanzador \
                 la inserte y se entrega solo",
                came(waiting)
            ),
            (.., Some(refused)) => format!("SAM no tiene la ejecución, y {}", refusal(refused)),
            _ => "No hay noticia de esta ejecución: SAM no la tiene y no consta que A360 haya llamado; \
                  compruebe el identificador y si se desplegó en A360"
                .to_owned(),
        }
    }

    fn unread(&self, why: &str) -> String {
        match (self.dead, self.waiting, self.refused) {
            (Some(dead), ..) => format!(
                "{why}; el callback llegó el {} y es una entrega fallida ({}): corrija la causa y reintente \
                 la entrega",
                came(dead),
                failure(dead)
            ),
            (_, Some(waiting), _) => format!(
                "{why}; el callback llegó el {}, espera en la bandeja ({}) y se reintenta solo",
                came(waiting),
                failure(waiting)
            ),
            (.., Some(refused)) => format!("{why}; {}", refusal(refused)),
            _ => format!(
                "{why}; este servicio no tiene nada pendiente ni rechazado de ella: o su callback ya se \
                 entregó, o A360 no ha llamado"
            ),
        }
    }

    fn embedded(&self) -> String {
        let untouched = "con data_api=embedded SAM no cambia";
        match (self.row, self.refused) {
            (RowState::Found { row, .. }, _) => format!(
                "Sí llegó a este servicio, que la guarda como {}, pero no a SAM: {untouched}",
                row.state
            ),
            (_, Some(refused)) => format!("No llegó: {}; además, {untouched}", refusal(refused)),
            _ => format!("No consta que A360 haya llamado; además, {untouched}"),
        }
    }
}

/// Who was refused when, why, and what to do about it.
fn refusal(refused: &RefusalView<'_>) -> String {
    let at = refused.time.get(..19).unwrap_or_default().replace('T', " ");
    let whose = match refused.verified {
        true => "se rechazó su callback",
        false => "se rechazó un callback sin credencial válida que la nombra",
    };
    let why = match (refused.code, refused.rejected) {
        ("invalid_credentials", Some(rejected)) => {
            return format!(
                "el {at} UTC {whose} (401, {rejected}): compare el token que envía A360 con callback_token"
            );
        }
        ("invalid_credentials", None) => {
            "llegó sin token: revise las cabeceras del callback en A360"
        }
        ("insufficient_credentials", _) => {
            "hacen falta el token y el JWT: revise las cabeceras en A360"
        }
        ("too_many_attempts", _) => {
            "demasiados intentos sin credencial válida: corrija antes el token"
        }
        ("misconfigured", _) => "un ajuste del servicio no es válido: /health/ready dice cuál",
        ("invalid_callback", _) => "no es un callback válido: el registro muestra el cuerpo",
        ("invalid_json" | "unsupported_media_type" | "unsupported_encoding", _) => {
            "el cuerpo no es JSON: el registro muestra la petición"
        }
        ("interrupted", _) => "el cuerpo llegó incompleto: revise la red y el proxy",
        ("too_large", _) => "el cuerpo supera max_body_bytes",
        ("not_found" | "method_not_allowed", _) => {
            "se envió a otra ruta: corrija la dirección del callback en A360"
        }
        ("unavailable" | "no_row_yet", _) => "ni SAM ni la bandeja de salida lo aceptaron",
        _ => "el registro dice por qué",
    };
    format!("el {at} UTC {whose} ({}): {why}", refused.status)
}

/// When the change came.
fn came(entry: &FoundEntry) -> String {
    let text = rfc3339_seconds(entry.location.id().at);
    text.replace('T', " ").replace('Z', " UTC")
}

/// Why the last attempt failed.
fn failure(entry: &FoundEntry) -> String {
    let Some(entry) = &entry.entry else {
        return "no se puede leer".to_owned();
    };
    match entry.attempts.last() {
        None => "sin intentos todavía".to_owned(),
        Some((_, why)) if *why == QueueReason::NoRow.to_string() => {
            "SAM no tenía la fila".to_owned()
        }
        Some((_, why)) => format!("«{why}»"),
    }
}
