//! What people paste along with a value: quotes, the variable's own name, characters that nobody
//! sees. What is certain is removed; what is not is an error. No error quotes a value: the words
//! that it names are those of the lists here.

use super::error::SettingError;

/// What begins the name of a variable in the environment.
const PREFIX: &str = "spin_variable_";

/// Quotes, by what they are written for. A pair may be of two kinds of one family.
const QUOTES: [&str; 2] = ["\"“”„«»", "'‘’‚`´"];

/// Words that introduce a header's value, and stand in the header alone.
const SCHEMES: [&str; 9] = [
    "Bearer", "Basic", "Token", "ApiKey", "Api-Key", "JWT", "Digest", "HMAC", "OAuth",
];

/// Headers that credentials come in.
const HEADERS: [&str; 8] = [
    "X-Authorization",
    "Authorization",
    "X-API-KEY",
    "apikey",
    "Api-Key",
    "X-Webhook-Signature",
    "Webhook-Signature",
    "X-Cal-Signature-256",
];

/// Parts of words that stand where a value belongs, without signs and in lower case.
const EXAMPLES: [&str; 16] = [
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "replacewith",
    "placeholder",
    "redacted",
    "yourtoken",
    "yoursecret",
    "yourapikey",
    "yourpassword",
    "cambiame",
    "cambieme",
    "tutoken",
    "sutoken",
];

/// `value` without what is around it.
///
/// # Errors
/// It has the name of another variable, or what is around it may not be there: the host reads
/// origins too (`allowed_outbound_hosts`), as they stand.
pub fn cleaned<'a>(
    setting: &str,
    settings: &[&str],
    value: &'a str,
) -> Result<&'a str, SettingError> {
    let mut text = trimmed(value);
    loop {
        let before = text.len();
        text = trimmed(without_name(setting, settings, unquoted(text))?);
        if text.len() == before {
            break;
        }
    }
    if text.to_ascii_lowercase().contains(PREFIX) {
        return Err(other_variable());
    }
    if setting.ends_with("_origin") && text != value.trim() {
        return Err(SettingError::new(
            "lleva comillas, caracteres invisibles o su propio nombre: deje solo la dirección",
        ));
    }
    Ok(text)
}

/// Without white space and characters that nobody sees at either end.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// Without the quotes around it.
pub fn unquoted(text: &str) -> &str {
    let mut characters = text.chars();
    let (Some(first), Some(last)) = (characters.next(), characters.next_back()) else {
        return text;
    };
    let inside = characters.as_str();
    // `"a" "b"` is not one text in quotes.
    let is_pair = !inside.contains([first, last])
        && QUOTES
            .iter()
            .any(|family| family.contains(first) && family.contains(last));
    if is_pair { inside } else { text }
}

fn without_name<'a>(
    setting: &str,
    settings: &[&str],
    text: &'a str,
) -> Result<&'a str, SettingError> {
    let assignment = text.strip_prefix("export ").unwrap_or(text);
    let is_other = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let (name, rest) = assignment.split_at(assignment.find(is_other).unwrap_or(assignment.len()));
    let Some(value) = rest.trim_start().strip_prefix(['=', ':']) else {
        return Ok(text);
    };
    let name = name.to_ascii_lowercase();
    let bare = name.strip_prefix(PREFIX).unwrap_or(&name);
    match bare == setting {
        true => Ok(value),
        false if bare.len() < name.len() || settings.contains(&bare) => Err(other_variable()),
        false => Ok(text),
    }
}

fn other_variable() -> SettingError {
    SettingError::new("lleva pegado el nombre de otra variable (SPIN_VARIABLE_…)")
}

/// The words of a list, whatever stands between them; each without quotes or brackets around it.
pub fn words(value: &str) -> Vec<String> {
    if let Ok(list) = serde_json::from_str(value) {
        return list;
    }
    let is_between = |c: char| c.is_whitespace() || ",;".contains(c) || is_invisible(c);
    let words = value.split(is_between).map(unquoted).map(|word| {
        let inside = word.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        inside.unwrap_or(word).to_owned()
    });
    words.filter(|word| !word.is_empty()).collect()
}

/// What is wrong with a text that came from a template or an example; `None` where it did not.
pub fn unfilled(text: &str) -> Option<&'static str> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let within = |open: &str, close: &str| {
        let (_, rest) = text.split_once(open)?;
        rest.split_once(close).map(|(inside, _)| inside.trim())
    };
    let is_shell_name = |name: &str| is_name(name) && !name.bytes().any(|b| b.is_ascii_lowercase());
    let is_unexpanded = within("${", "}").is_some_and(|name| {
        let name = name.split([':', '-', '?']).next().unwrap_or_default();
        is_name(name)
    }) || within("{{", "}}").is_some()
        || (text.starts_with("$(") && text.ends_with(')'))
        || text.strip_prefix('$').is_some_and(is_shell_name)
        || (text.len() > 2
            && text
                .strip_prefix('%')
                .and_then(|it| it.strip_suffix('%'))
                .is_some_and(is_name));
    if is_unexpanded {
        return Some("lleva una variable sin sustituir, como ${NOMBRE}");
    }
    let is_bracketed = text.starts_with('<') && text.ends_with('>');
    let signs = ['*', '.', '…', '•', '-', '_', '?', '#'];
    let is_masked = |sign: char| text.len() > 2 && text.chars().all(|c| c == sign);
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    if is_bracketed
        || signs.into_iter().any(is_masked)
        || EXAMPLES.iter().any(|example| plain.contains(example))
    {
        return Some("es un texto de ejemplo: ponga el valor real");
    }
    None
}

/// Why a word of a secret cannot be one, or not for certain. `is_one_of_many`: in a list, where a
/// comma can stand for a space.
pub fn implausible(word: &str, is_one_of_many: bool) -> Option<String> {
    if let Some(what) = unfilled(word) {
        return Some(what.to_owned());
    }
    let followed_by = |name: &str, signs: &str| {
        let end = word.get(..name.len())?;
        let rest = &word[name.len()..];
        (end.eq_ignore_ascii_case(name) && rest.starts_with(|c| signs.contains(c))).then_some(())
    };
    let is_scheme =
        |name: &&&str| word.eq_ignore_ascii_case(name) || followed_by(name, ":=%+\u{a0}").is_some();
    if let Some(scheme) = SCHEMES.iter().find(is_scheme) {
        return Some(format!(
            "«{scheme}» es una palabra de la cabecera, no del secreto: quítela"
        ));
    }
    if let Some(header) = HEADERS
        .iter()
        .find(|name| followed_by(name, ":=").is_some())
    {
        return Some(format!(
            "«{header}:» es la cabecera, no el secreto: quítela"
        ));
    }
    let what = match word {
        "-H" | "--header" | "curl" => "lleva parte de un comando: deje solo el secreto",
        _ if word.starts_with('#') && is_one_of_many => "lleva un comentario (#): quítelo",
        _ if word.contains("-----BEGIN") => "es una clave en PEM: va en jwt_public_key",
        _ if word.starts_with("sha256=") => "es una firma («sha256=…»), no el secreto",
        _ if ["\\n", "\\r", "\\t"].iter().any(|end| word.ends_with(end)) => {
            "termina en «\\n» o parecido, escrito con letras: quítelo"
        }
        _ if is_quote(word.chars().next()) || is_quote(word.chars().next_back()) => {
            "lleva una comilla al principio o al final: quítela"
        }
        _ if word.starts_with("\\\"") || word.ends_with("\\\"") => "lleva «\\\"»: quítelo",
        _ if is_one_of_many && (word.contains(',') || word.ends_with(';')) => {
            "lleva una coma o un punto y coma: varios valores se separan con espacios"
        }
        _ => return odd_character(word).map(str::to_owned),
    };
    Some(what.to_owned())
}

/// A character that looks like another, or like none.
pub fn odd_character(text: &str) -> Option<&'static str> {
    text.chars().find_map(|c| match c {
        c if is_invisible(c) => Some("lleva un carácter invisible: cópielo otra vez, o escríbalo"),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            Some("lleva un espacio que no es el normal (duro o fino): quítelo")
        }
        c if !c.is_ascii() && is_quote(Some(c)) => Some("lleva comillas tipográficas: quítelas"),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => {
            Some("lleva una raya o un guion tipográfico: escriba «-»")
        }
        _ => None,
    })
}

fn is_quote(c: Option<char>) -> bool {
    c.is_some_and(|c| QUOTES.iter().any(|family| family.contains(c)))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
}
