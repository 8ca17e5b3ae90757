//! SpinKube's two kinds: the fields and types of spin-operator 0.6.1 (spinframework/spin-operator,
//! api/v1alpha1), as far as the manifests of deploy/spinkube use them. A field that is written
//! otherwise is unknown here, as it is there.

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Executor {
    pub create_deployment: bool,
    pub deployment_config: DeploymentConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeploymentConfig {
    pub spin_image: Option<String>,
    pub runtime_class_name: Option<String>,
    #[serde(rename = "installDefaultCACerts")]
    pub install_default_ca_certs: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SpinApp {
    pub executor: String,
    pub image: String,
    #[serde(default)]
    pub enable_autoscaling: bool,
    pub replicas: Option<u16>,
    pub runtime_config: RuntimeConfig,
    pub variables: Vec<Variable>,
    pub checks: Checks,
    pub resources: Resources,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RuntimeConfig {
    pub load_from_secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Variable {
    pub name: String,
    pub value_from: ValueFrom,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ValueFrom {
    pub secret_key_ref: KeyRef,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRef {
    pub name: String,
    pub key: String,
    #[serde(default)]
    pub optional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    pub liveness: Probe,
    pub readiness: Probe,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Probe {
    pub http_get: HttpGet,
    pub initial_delay_seconds: u16,
    pub period_seconds: u16,
    pub timeout_seconds: u16,
    pub failure_threshold: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGet {
    pub path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    pub requests: Map<String, Value>,
    pub limits: Map<String, Value>,
}
