//! The description for one configuration: of all there can be, the endpoints that exist.
//!
//! JSON is copied as text: what no setting changes stays as it is.

use crate::config::{AccessSettings, Config, Requirement};
use crate::credentials::{CredentialKind, Policy};
use crate::http::json::{Fields, Members};

/// The callback's path in the description, before settings name its own.
const CALLBACK: &str = "/api/callback";

/// The static token's scheme; of further headers, with a number behind it.
const STATIC_TOKEN: &str = "callbackToken";

/// The components that `$ref` names.
const COMPONENTS: [&str; 3] = ["headers", "responses", "schemas"];

/// `None`: `all` is not a description.
pub fn document(all: &str, config: &Config, to_operator: bool) -> Option<String> {
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
    let callback = config.callback.as_ref().map(callback_security);
    let messages = config.messages.as_ref().map(message_security);
    let mut paths = Members::default();
    for (path, item) in Members::read(all)? {
        let is_there = match path {
            "/blizwork" => to_operator && config.blizwork.is_set(),
            // Without a secret it only answers that it is misconfigured.
            "/webhook/receive" => config.messages.is_some(),
            "/webhook/cal" => config.cal.is_some(),
            "/metrics" => config.admin.is_set(),
            path if path.starts_with("/admin/") || path.starts_with("/panel") => {
                config.admin.is_set()
            }
            _ => true,
        };
        match path.strip_prefix(CALLBACK) {
            Some(rest) if rest.is_empty() || config.shows_rows() => {
                let own = config.callback_paths.as_deref().unwrap_or_default();
                for (index, path) in own.iter().enumerate() {
                    let item = with_security(item, callback.as_deref(), index)?;
                    paths.add(&format!("{path}{rest}"), &item);
                }
            }
            None if is_there && path == "/webhook/receive" => {
                paths.add(path, &with_security(item, messages.as_deref(), 0)?);
            }
            None if is_there => paths.add(path, item),
            _ => {}
        }
    }
    Some(paths.object())
}

/// The path item with this `security`, where there is one. The operations of a second path and of
/// those after it have ids of their own.
fn with_security(item: &str, security: Option<&str>, index: usize) -> Option<String> {
    let mut operations = Members::default();
    for (method, operation) in Members::read(item)? {
        let mut written = Members::default();
        for (name, value) in Members::read(operation)? {
            match (name, security) {
                ("security", Some(security)) => written.add(name, security),
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

/// The alternatives for the callback, each an object of the schemes that it takes together.
fn callback_security(settings: &AccessSettings) -> String {
    let headers = settings
        .static_token
        .as_ref()
        .map_or(0, |it| it.headers.len());
    let tokens = (0..headers).map(|index| numbered(STATIC_TOKEN, index));
    let alternatives: Vec<_> = match (settings.requirement, &settings.jwt) {
        (Requirement::Open, _) => vec!["{}".to_owned()],
        (Requirement::All, Some(_)) => tokens.map(|token| requirement(&[&token, "jwt"])).collect(),
        (_, jwt) => {
            let jwt = jwt.iter().map(|_| "jwt".to_owned());
            tokens.chain(jwt).map(|one| requirement(&[&one])).collect()
        }
    };
    format!("[{}]", alternatives.join(", "))
}

fn message_security(settings: &AccessSettings) -> String {
    let policy = Policy::new(settings);
    let alternatives = policy.kinds().filter_map(|kind| match kind {
        CredentialKind::HexHmac => Some(requirement(&["webhookHmac"])),
        CredentialKind::StandardWebhooks => Some(requirement(&[
            "webhookId",
            "webhookTimestamp",
            "webhookSignature",
        ])),
        CredentialKind::StaticToken | CredentialKind::Jwt | CredentialKind::CallToken => None,
    });
    let alternatives: Vec<_> = alternatives.collect();
    format!("[{}]", alternatives.join(", "))
}

fn requirement(schemes: &[&str]) -> String {
    let mut requirement = Members::default();
    for scheme in schemes {
        requirement.add(scheme, "[]");
    }
    requirement.object()
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

/// The components that these paths refer to, directly or not. Others would give away paths that
/// are left out.
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

/// All security schemes, with one for each header that the static token may come in.
fn security_schemes(all: &str, config: &Config) -> Option<String> {
    let settings = config.callback.as_ref();
    let token = settings.and_then(|settings| settings.static_token.as_ref());
    let headers = token.map(|token| token.headers.as_slice());
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
            // Its number is that of the headers, not that of the file.
            Some(_) => {}
        }
    }
    Some(schemes.object())
}

/// `name`, `name2`, `name3`…
pub fn numbered(name: &str, index: usize) -> String {
    match index {
        0 => name.to_owned(),
        _ => format!("{name}{}", index + 1),
    }
}

/// `x-api-key` as `X-Api-Key`, which people recognise as a header.
fn capitalized(header: &str) -> String {
    let mut begins_word = true;
    let letters = header.chars().map(|letter| {
        let begins = std::mem::replace(&mut begins_word, letter == '-');
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
