//! Which names are those of secrets, in Spanish and English.

use super::escapes::plain;

/// Parts of a folded name that make it look secret, sorted. In doubt, too much is masked.
const PARTS: &[&str] = &[
    "accesscode",
    "assertion",
    "autentic",
    "auth",
    "autoriz",
    "bearer",
    "cadenaconexion",
    "cadenadeconexion",
    "cardnumber",
    "clave",
    "codigoacceso",
    "codigodeacceso",
    "connectionstring",
    "connstr",
    "contrase",
    "cookie",
    "credencial",
    "credential",
    "creditcard",
    "cvc",
    "cvv",
    "firma",
    "hmac",
    "jwt",
    "key",
    "llave",
    "mnemonic",
    "nonce",
    "numerodetarjeta",
    "otp",
    "pass",
    "pasw",
    "pincode",
    "privada",
    "privado",
    "privatek",
    "psswd",
    "psw",
    "pwd",
    "saml",
    "secret",
    "securitycode",
    "seguridad",
    "semilla",
    "sesion",
    "session",
    "signature",
    "token",
];

/// Words that make a name look secret, alone or at its end.
const WORDS: &[&str] = &[
    "cred", "creds", "csc", "mfa", "nip", "pat", "pem", "pin", "pins", "pw", "sas", "sid", "sig",
    "userpw",
];

/// Those of them that also count at the end of a longer word.
const ENDS: &[&str] = &["nip", "pin", "sig"];

/// Words before a credential in a header.
const SCHEMES: &[&str] = &["basic", "digest", "negotiate", "ntlm"];

/// Parameters of forms and URLs whose values let somebody in.
const PARAMETERS: &[&str] = &["code", "codigo", "state", "ticket", "k", "p"];

/// Members whose text names what the other members hold.
const NAMING: &[&str] = &[
    "atributo",
    "attribute",
    "cabecera",
    "campo",
    "clave",
    "column",
    "columna",
    "etiqueta",
    "field",
    "fieldname",
    "header",
    "id",
    "k",
    "key",
    "label",
    "llave",
    "n",
    "name",
    "nombre",
    "param",
    "parameter",
    "parametro",
    "prop",
    "propiedad",
    "property",
    "tipo",
    "title",
    "titulo",
    "type",
    "var",
    "variable",
];

/// Members that hold what another one names.
const VALUES: &[&str] = &[
    "content",
    "contenido",
    "contents",
    "dato",
    "default",
    "filas",
    "rows",
    "string",
    "text",
    "texto",
    "v",
    "val",
    "valor",
    "valores",
    "value",
    "values",
];

/// No name of a secret is shorter, in bytes.
const SHORTEST: usize = 2;

/// No name is longer.
const LONGEST: usize = 64;

/// Whether what has this name is secret. Names in other alphabets than ours may be, and a name that
/// is too long to be one says nothing.
pub fn is_secret(name: &str) -> bool {
    let name = plain(name);
    name.len() > 4 * LONGEST || folded(&name).is_none_or(|folded| is_secret_folded(&name, &folded))
}

/// Whether a text is the name of something secret, as the value of `name` may be.
pub fn names_secret(text: &str) -> bool {
    if text.len() < SHORTEST {
        return false;
    }
    let text = plain(text);
    text.len() <= LONGEST
        && !text.contains(['=', '?', '{', '}', '"', '&', '<', '@'])
        && !text.contains("://")
        && folded(&text).is_some_and(|folded| is_secret_folded(&text, &folded))
}

/// Whether one of the words in a text could be the name of a secret.
pub fn speaks_of_secrets(text: &str) -> bool {
    let is_scheme = |word: &str| {
        SCHEMES
            .iter()
            .any(|scheme| word.eq_ignore_ascii_case(scheme))
    };
    let mut words = text.split_whitespace();
    let has_scheme = words.clone().any(is_scheme) && words.clone().nth(1).is_some();
    has_scheme
        || words.any(|word| {
            let word = plain(before_query(word));
            folded(&word).is_some_and(|folded| is_secret_folded(&word, &folded))
        })
}

/// A URL or path without its query, whose values are secret whatever their names.
pub fn before_query(word: &str) -> &str {
    let is_query = |c| c == '?' || (c == '#' && word.contains("://"));
    word.split(is_query).next().unwrap_or(word)
}

/// Whether the parameter of a form or URL is secret.
pub fn is_secret_parameter(name: &str) -> bool {
    is_secret(name) || is_one_of(name, PARAMETERS)
}

/// Whether the text of this member names what the others hold.
pub fn is_naming(name: &str) -> bool {
    is_one_of(name, NAMING)
}

/// Whether this member holds what another one names.
pub fn is_value(name: &str) -> bool {
    is_one_of(name, VALUES)
}

/// Whether a text is one word that may be a name and no value: letters and what joins them.
pub fn is_identifier(text: &str) -> bool {
    text.len() <= LONGEST && text.chars().all(|c| c.is_alphabetic() || "_-.".contains(c))
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    name.len() <= LONGEST && folded(&plain(name)).is_some_and(|name| names.contains(&&*name))
}

fn is_secret_folded(name: &str, folded: &str) -> bool {
    (0..folded.len()).any(|at| begins_with_part(&folded.as_bytes()[at..]))
        || WORDS.contains(&folded)
        || ENDS.iter().any(|end| folded.ends_with(end))
        || words(name).any(|word| {
            let word = word.to_ascii_lowercase();
            WORDS.contains(&&*word)
        })
}

fn begins_with_part(text: &[u8]) -> bool {
    let parts = PARTS.iter().map(|part| part.as_bytes());
    let first = PARTS.partition_point(|part| part.as_bytes()[0] < text[0]);
    let mut of_this_letter = parts.skip(first).take_while(|part| part[0] == text[0]);
    of_this_letter.any(|part| text.starts_with(part))
}

/// The words of a name: between what is neither letter nor digit, and at capitals.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    parts.flat_map(|part| {
        let bytes = part.as_bytes();
        let is_start = |at: usize| {
            bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase()
                || bytes[at].is_ascii_digit() != bytes[at - 1].is_ascii_digit()
        };
        let starts: Vec<_> = (1..part.len()).filter(|&at| is_start(at)).collect();
        let ends = starts.clone().into_iter().chain([part.len()]);
        [0].into_iter()
            .chain(starts)
            .zip(ends)
            .map(|(start, end)| &part[start..end])
    })
}

/// Letters and digits in lower case and without accents; `None` where there are letters of other
/// alphabets, which may look like ours.
fn folded(name: &str) -> Option<String> {
    let mut folded = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            c if c.is_ascii_alphanumeric() => folded.push(c.to_ascii_lowercase()),
            c if c.is_ascii() || !c.is_alphabetic() || is_mark(c) => {}
            // As wide as in East Asian type.
            '\u{ff21}'..='\u{ff5a}' => {
                let ascii = char::from_u32(u32::from(character) - 0xfee0)?;
                folded.push(ascii.to_ascii_lowercase());
            }
            c => folded.push(without_accent(c)?),
        }
    }
    Some(folded)
}

fn is_mark(character: char) -> bool {
    matches!(character, 'º' | 'ª' | '\u{300}'..='\u{36f}')
}

fn without_accent(letter: char) -> Option<char> {
    Some(match letter {
        'à'..='å' | 'À'..='Å' | 'ā' | 'Ā' | 'ă' | 'Ă' | 'ą' | 'Ą' => 'a',
        'ç' | 'Ç' | 'ć' | 'Ć' | 'č' | 'Č' => 'c',
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'Ē' | 'ė' | 'Ė' | 'ę' | 'Ę' => 'e',
        'ì'..='ï' | 'Ì'..='Ï' | 'ī' | 'Ī' | 'ı' | 'İ' => 'i',
        'ñ' | 'Ñ' | 'ń' | 'Ń' => 'n',
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ō' | 'Ō' => 'o',
        'ß' | 'ś' | 'Ś' | 'š' | 'Š' | 'ş' | 'Ş' => 's',
        'ù'..='ü' | 'Ù'..='Ü' | 'ū' | 'Ū' => 'u',
        'ý' | 'ÿ' | 'Ý' => 'y',
        'ž' | 'Ž' | 'ź' | 'Ź' | 'ż' | 'Ż' => 'z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_sorted() {
        assert!(PARTS.is_sorted());
    }

    #[test]
    fn names_are_secret_or_not_whatever_their_case_and_signs() {
        for (name, secret) in [
            ("userPin", true),
            ("PIN_1", true),
            ("n.i.p", true),
            ("numeroDeNip", true),
            ("x-sig", true),
            ("db.pw", true),
            ("Contraseña", true),
            ("cоunt", true), // The first о is Cyrillic.
            ("p%61ss", true),
            ("p%2561ss", true),
            ("shipping", false),
            ("config", false),
            ("deploymentId", false),
            ("número", false),
            ("municipio", false),
            ("side", false),
            ("", false),
        ] {
            assert_eq!(is_secret(name), secret, "{name}");
        }
    }
}
