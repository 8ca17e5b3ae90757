//! A secret at a random place of random text is never in the line.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::audit::line::json as line;

const SECRET: &str = "hunter2";

const NAMES: &[&str] = &[
    "password",
    "passwd",
    "pswd",
    "psw",
    "pwd",
    "contraseña",
    "contrasena",
    "contrasenia",
    "clave",
    "clave de acceso",
    "nip",
    "pin",
    "pincode",
    "cvc",
    "cvv",
    "token",
    "apiKey",
    "secret",
    "secreto",
    "authorization",
    "cookie",
    "firma",
    "credencial",
    "connectionString",
];

/// A secret's name with random case, and random signs between its letters.
fn name() -> impl Strategy<Value = String> {
    let letters = prop::collection::vec((any::<bool>(), "[-_ .]{0,1}"), 24);
    (prop::sample::select(NAMES), letters).prop_map(|(name, letters)| {
        let written = name
            .chars()
            .zip(letters)
            .map(|(letter, (is_capital, sign))| {
                let letter = match is_capital {
                    true => letter.to_uppercase().to_string(),
                    false => letter.to_string(),
                };
                letter + &sign
            });
        written.collect()
    })
}

/// JSON of names and texts that are not secret.
fn tree() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<i32>().prop_map(Json::from),
        "[a-dñ \"\\\\{}\\[\\],:&=%\n]{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::btree_map("[a-d]{1,3}", inner, 0..5)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// JSON that holds a secret and says so.
fn holder() -> impl Strategy<Value = Json> {
    let value = ("[a-z0-9 {}\"&=%+]{0,6}", "[a-z0-9 {}\"&=%+]{0,6}")
        .prop_map(|(before, after)| format!("{before}{SECRET}{after}"));
    (name(), value, 0..10, tree()).prop_map(|(name, secret, kind, other)| match kind {
        0 => json!({ name: secret, "z": other }),
        1 => json!({ name: [other, { "a": secret }] }),
        2 => json!({ name: { "type": "STRING", "string": secret }, "z": 1 }),
        3 => json!({ "name": name, "value": secret, "a": other }),
        4 => json!({ "clave": name, "valor": { "type": "STRING", "string": secret } }),
        5 => json!([name, secret]),
        6 => json!([other, secret, name]),
        7 => json!({ "x": json!({ name: secret }).to_string() }),
        8 => json!({ "x": format!("https://u:{SECRET}@h/a?sig={SECRET}#{SECRET}") }),
        _ => json!({ "x": format!("Bearer\t{SECRET}"), "y": format!("Basic {SECRET}") }),
    })
}

/// Puts `holder` at the place of `tree` that `at` says.
fn put(tree: &mut Json, at: &[usize], holder: Json) {
    let Some((&first, rest)) = at.split_first() else {
        *tree = holder;
        return;
    };
    match tree {
        Json::Array(elements) if !elements.is_empty() => {
            let length = elements.len();
            put(&mut elements[first % length], rest, holder);
        }
        Json::Object(members) if !members.is_empty() => {
            let length = members.len();
            let place = members.values_mut().nth(first % length);
            put(place.expect("there are so many"), rest, holder);
        }
        place => *place = holder,
    }
}

fn body() -> impl Strategy<Value = Json> {
    let places = prop::collection::vec(0..5_usize, 0..6);
    (tree(), places, holder()).prop_map(|(mut tree, at, holder)| {
        put(&mut tree, &at, holder);
        tree
    })
}

fn shows(body: &[u8], known: &[Secret]) -> bool {
    line(&Masking::new(known).excerpt(body)).contains(SECRET)
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

proptest! {
    #[test]
    fn a_secret_in_json_is_never_in_the_line(body in body()) {
        prop_assert!(!shows(body.to_string().as_bytes(), &[]));
        let pretty = serde_json::to_string_pretty(&body).expect("JSON");
        prop_assert!(!shows(pretty.as_bytes(), &[]));
        let within = json!({ "a": { "string": pretty } });
        prop_assert!(!shows(within.to_string().as_bytes(), &[]));
    }

    #[test]
    fn a_secret_in_a_form_is_never_in_the_line(
        body in body(), name in name(), a in "[a-d]{1,3}", b in "[a-d%+.]{0,9}", is_encoded: bool, kind in 0..4,
    ) {
        let name = if is_encoded { encode(&name) } else { name.replace(' ', "+") };
        let form = match kind {
            0 => format!("{a}={b}&{name}={b}{SECRET}&x=1"),
            1 => format!("name={name}&{a}={b}&value={SECRET}"),
            2 => format!("{a}={b}&payload={}", encode(&body.to_string())),
            _ => format!("{a}={}", encode(&format!("{a}={b}&{name}={SECRET}"))),
        };
        prop_assert!(!shows(form.as_bytes(), &[]), "{}", form);
    }

    #[test]
    fn a_secret_in_broken_text_is_never_in_the_line(
        body in body(), cut in any::<prop::sample::Index>(), kind in 0..6, garbage in "[,'}\\]:x<\u{0}]{1,4}",
    ) {
        let text = body.to_string();
        let mut bytes = text.clone().into_bytes();
        match kind {
            0 => bytes.truncate(cut.index(text.len())),
            1 => bytes.extend(garbage.into_bytes()),
            2 => bytes = text.replace('"', "'").into_bytes(),
            3 => bytes = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
            4 => bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => bytes = [garbage.as_bytes(), text.as_bytes()].concat(),
        }
        prop_assert!(!shows(&bytes, &[]), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_secret_of_the_settings_is_never_in_the_line(
        mut tree in tree(), at in prop::collection::vec(0..5_usize, 0..6), before in ".{0,9}", after in ".{0,9}",
        cut in any::<prop::sample::Index>(), is_key: bool,
    ) {
        let text = format!("{before}{SECRET}{after}");
        let holder = if is_key { json!({ text: 1 }) } else { Json::from(text) };
        put(&mut tree, &at, holder);
        let known = [Secret::new(SECRET)];
        let text = tree.to_string();
        prop_assert!(!shows(text.as_bytes(), &known));
        prop_assert!(!shows(&text.as_bytes()[..cut.index(text.len())], &known));
        let form = format!("a={}&{SECRET}=b", encode(&text));
        prop_assert!(!shows(form.as_bytes(), &known));
    }

    #[test]
    fn no_bytes_make_it_panic(body: Vec<u8>, text in any::<String>()) {
        let masking = Masking::new(&[Secret::new(text.clone())]);
        masking.excerpt(&body);
        masking.excerpt(text.as_bytes());
        masking.excerpt(json!([text, { text.clone(): text }]).to_string().as_bytes());
        masking.field(&text);
    }
}
