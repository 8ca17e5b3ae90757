//! The files as a whole: what is accepted, what is refused, and in which words.

use std::env::VarError;
use std::path::{Path, PathBuf};

mod manifest;
mod runtime;
mod variables;

use crate::section::Section;
use crate::{AllowedHosts, Manifest, RuntimeConfig, Variables};

const GOOD: &str = r#"
spin_manifest_version = 2
[application]
name = "app"
version = "1.0.0"
description = "…"
[variables]
plain = { default = "d", description = "…" }
origin = { default = "http://localhost:5000" }
token = { default = "hush", secret = true }
[[trigger.http]]
route = "/..."
component = "the-app"
[component.the-app]
source = "target/app.wasm"
description = "…"
allowed_outbound_hosts = ["{{ origin }}"]
key_value_stores = ["default"]
[component.the-app.variables]
plain = "<{{ plain }}>"
token = "{{ token }}"
[component.the-app.build]
command = "a b"
watch = ["src/**"]
"#;

fn manifest(text: &str) -> anyhow::Result<Manifest> {
    Manifest::from_section(Section::parse("spin.toml", text)?, PathBuf::from("/app"))
}

fn runtime(text: &str) -> anyhow::Result<RuntimeConfig> {
    RuntimeConfig::from_section(Section::parse("rc.toml", text)?, Path::new("/rc"))
}

fn empty(_: &str) -> Result<String, VarError> {
    Err(VarError::NotPresent)
}

fn variables(manifest: &Manifest, runtime: &RuntimeConfig) -> anyhow::Result<Variables> {
    Variables::with_environment(manifest, runtime, empty, "/nonexistent/.env".into())
}

fn allowed(manifest: &Manifest, runtime: &RuntimeConfig) -> anyhow::Result<AllowedHosts> {
    AllowedHosts::new(manifest, &variables(manifest, runtime)?)
}

fn refusal<T>(result: anyhow::Result<T>) -> String {
    format!("{:#}", result.err().expect("should have been refused"))
}
