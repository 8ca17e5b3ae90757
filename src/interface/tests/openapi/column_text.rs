//! What a text column takes, as a JSON Schema.

use schemars::{Schema, json_schema};
use serde_json::Value as Json;

/// Every character that a column takes, and those of them that can be seen: JSON Schema has no
/// classes of Unicode's.
const ANY: &str = r"[ -~\u00a0-\ud7ff\ue000-\uffff]";
const VISIBLE: &str = r"[!-~\u00a1-\u167f\u1681-\u1fff\u200e-\u2027\u202a-\u202e\u2030-\u205e\u2061-\u2fff\u3001-\ud7ff\ue000-\ufefe\uff00-\uffff]";

/// Texts for a column that has room for so many UTF-16 code units: no control characters, and at
/// least one character that can be seen. Characters beyond U+FFFF, of two units each, are taken
/// too, but no length of JSON Schema's counts like that, so they are left out here.
pub fn column_text(units: usize, types: Json) -> Schema {
    let pattern = format!("^{ANY}*{VISIBLE}{ANY}*$");
    json_schema!({ "type": types, "minLength": 1, "maxLength": units, "pattern": pattern })
}
