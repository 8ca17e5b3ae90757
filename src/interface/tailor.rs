//! The description of all there can be, cut to what one configuration has.
//!
//! Parts are left out, put in or written otherwise as text, whole: what stays is what was there.

use crate::config::{AccessSettings, Config, Requirement};
use crate::credentials::{CredentialKind, Policy};
use crate::http::json::{Fields, Members};

/// The callback's path in the description, before settings name its own.
const CALLBACK: &str = "/api/callback";

/// The static token's scheme; of further headers, with a number behind it.
const STATIC_TOKEN: &str = "callbackToken";

/// What other parts refer to.
const COMPONENTS: [&str; 3] = ["headers", "responses", "schemas"];

/// What there is with these settings. `None`: `all` is no description.
pub fn cut(all: &str, config: &Config, to_operator: bool) -> Option<String> {
    let top = Fields::read(all, &["components", "info", "openapi", "paths", "tags"]).ok()?;
    let part = |name| top.get(name).raw().ok();
    let paths = paths(part("paths")?, config, to_operator)?;
    let root = match config.root_path.as_str() {
        "" => "/",
        root => root,
    };
    let mut document = Members::default();
    document.add("openapi", part("openapi")?);
    document.add("info", part("info")?);
    document.add("servers", &format!("[{{\"url\": {}}}]", quoted(root)));
    document.add("tags", &tags(part("tags")?, &paths)?);
    document.add("paths", &paths);
    document.add(
        "components",
        &components(part("components")?, &paths, config)?,
    );
    Some(document.object())
}

fn paths(all: &str, config: &Config, to_operator: bool) -> Option<String> {
    let callback = config.callback.as_ref().map(callback_doors);
    let messages = config.messages.as_ref().map(message_doors);
    let mut paths = Members::default();
    for (path, item) in Members::read(all)? {
        let is_there = match path {
            "/blizwork" => to_operator && config.blizwork.is_set(),
            // Without a secret it answers nothing but that.
            "/webhook/receive" => config.messages.is_some(),
            path if path.starts_with("/admin/") => config.admin.is_set(),
            _ => true,
        };
        match path.strip_prefix(CALLBACK) {
            Some(rest) if rest.is_empty() || config.shows_rows() => {
                let own = config.callback_paths.as_deref().unwrap_or_default();
                for (index, path) in own.iter().enumerate() {
                    let item = behind(item, callback.as_deref(), index)?;
                    paths.add(&format!("{path}{rest}"), &item);
                }
            }
            None if is_there && path == "/webhook/receive" => {
                paths.add(path, &behind(item, messages.as_deref(), 0)?);
            }
            None if is_there => paths.add(path, item),
            _ => {}
        }
    }
    Some(paths.object())
}

/// The item with these alternatives to open its door, where that can open, and with names of their
/// own for the operations of a further path.
fn behind(item: &str, doors: Option<&str>, index: usize) -> Option<String> {
    let mut operations = Members::default();
    for (method, operation) in Members::read(item)? {
        let mut written = Members::default();
        for (name, value) in Members::read(operation)? {
            match (name, doors) {
                ("security", Some(doors)) => written.add(name, doors),
                ("operationId", _) => {
                    let id = numbered(value.trim_matches('"'), index);
                    written.add(name, &quoted(&id));
                }
                _ => written.add(name, value),
            }
        }
        operations.add(method, &written.object());
    }
    Some(operations.object())
}

/// Ways to open the callback's door: an object each, of all that has to come together.
fn callback_doors(door: &AccessSettings) -> String {
    let headers = door.static_token.as_ref().map_or(0, |it| it.headers.len());
    let tokens = (0..headers).map(|index| numbered(STATIC_TOKEN, index));
    let doors: Vec<_> = match (door.requirement, &door.jwt) {
        (Requirement::Open, _) => vec!["{}".to_owned()],
        (Requirement::All, Some(_)) => tokens.map(|token| together(&[&token, "jwt"])).collect(),
        (_, jwt) => {
            let jwt = jwt.iter().map(|_| "jwt".to_owned());
            tokens.chain(jwt).map(|one| together(&[&one])).collect()
        }
    };
    format!("[{}]", doors.join(", "))
}

fn message_doors(door: &AccessSettings) -> String {
    let policy = Policy::new(door);
    let doors = policy.kinds().filter_map(|kind| match kind {
        CredentialKind::HexHmac => Some(together(&["webhookHmac"])),
        CredentialKind::StandardWebhooks => Some(together(&[
            "webhookId",
            "webhookTimestamp",
            "webhookSignature",
        ])),
        CredentialKind::StaticToken | CredentialKind::Jwt | CredentialKind::CallToken => None,
    });
    let doors: Vec<_> = doors.collect();
    format!("[{}]", doors.join(", "))
}

fn together(schemes: &[&str]) -> String {
    let mut door = Members::default();
    for scheme in schemes {
        door.add(scheme, "[]");
    }
    door.object()
}

/// The tags that operations have.
fn tags(all: &str, paths: &str) -> Option<String> {
    let tags: Vec<&serde_json::value::RawValue> = serde_json::from_str(all).ok()?;
    let is_used = |tag: &&str| {
        let fields = Fields::read(tag, &["name"]).ok();
        let name = fields.and_then(|fields| fields.get("name").raw().ok());
        name.is_some_and(|name| paths.contains(name))
    };
    let used: Vec<_> = tags.iter().map(|tag| tag.get()).filter(is_used).collect();
    Some(format!("[{}]", used.join(", ")))
}

/// What these paths refer to, and what that refers to. Anything else would tell of paths that are
/// not there.
fn components(all: &str, paths: &str, config: &Config) -> Option<String> {
    let mut kinds = Vec::new();
    for (kind, members) in Members::read(all)? {
        if COMPONENTS.contains(&kind) {
            let all = Members::read(members)?;
            kinds.push((kind, all, Members::default()));
        }
    }
    let mut left = vec![paths];
    while let Some(text) = left.pop() {
        for (kind, all, used) in &mut kinds {
            all.retain(|(name, value)| {
                let is_used = text.contains(&format!("\"#/components/{kind}/{name}\""));
                if is_used {
                    used.add(name, value);
                    left.push(value);
                }
                !is_used
            });
        }
    }
    let mut components = Members::default();
    for (kind, _, used) in &kinds {
        components.add(kind, &used.object());
    }
    let schemes = Fields::read(all, &["securitySchemes"]).ok()?;
    let schemes = security_schemes(schemes.get("securitySchemes").raw().ok()?, config)?;
    components.add("securitySchemes", &schemes);
    Some(components.object())
}

/// All of them, with one for each header that the static token may come in.
fn security_schemes(all: &str, config: &Config) -> Option<String> {
    let door = config.callback.as_ref();
    let headers = door.and_then(|door| door.static_token.as_ref());
    let headers = headers.map(|settings| settings.headers.as_slice());
    let mut schemes = Members::default();
    for (name, scheme) in Members::read(all)? {
        match headers.filter(|_| name.starts_with(STATIC_TOKEN)) {
            None => schemes.add(name, scheme),
            Some(headers) if name == STATIC_TOKEN => {
                for (index, header) in headers.iter().enumerate() {
                    let mut written = Members::default();
                    for (name, value) in Members::read(scheme)? {
                        match name {
                            "name" => written.add(name, &quoted(&capitalized(header))),
                            _ => written.add(name, value),
                        }
                    }
                    schemes.add(&numbered(STATIC_TOKEN, index), &written.object());
                }
            }
            // The settings have said how many there are.
            Some(_) => {}
        }
    }
    Some(schemes.object())
}

/// The first has no number, the next is 2.
pub fn numbered(name: &str, index: usize) -> String {
    match index {
        0 => name.to_owned(),
        _ => format!("{name}{}", index + 1),
    }
}

/// `x-api-key` as `X-Api-Key`: case does not count, and so it is known for a header.
fn capitalized(header: &str) -> String {
    let mut is_first = true;
    let letters = header.chars().map(|letter| {
        let begins = std::mem::replace(&mut is_first, letter == '-');
        if begins {
            letter.to_ascii_uppercase()
        } else {
            letter
        }
    });
    letters.collect()
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text")
}
