//! deploy/spinkube: the manifests are of their kinds, and all names agree with each other, with the
//! page's commands and with spin.toml. No cluster is asked.

use serde_json::{Map, Value, json};
use yaml_rust2::{Yaml, YamlLoader};

use crate::spinkube::{Checks, Executor, SpinApp};
use crate::{deployed, read, secrets, table, text};

/// The documents of a file, or why it is none.
fn documents(text: &str) -> Result<Vec<Value>, String> {
    let read = YamlLoader::load_from_str(text).map_err(|error| error.to_string())?;
    read.into_iter().map(value).collect()
}

fn value(yaml: Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Boolean(it) => it.into(),
        Yaml::Integer(it) => it.into(),
        Yaml::String(it) => it.into(),
        Yaml::Array(items) => items.into_iter().map(value).collect::<Result<_, _>>()?,
        Yaml::Hash(entries) => {
            let mut object = Map::new();
            for (key, member) in entries {
                let key = key.into_string().ok_or("a key that is no text")?;
                object.insert(key, value(member)?);
            }
            object.into()
        }
        other => return Err(format!("not in these files: {other:?}")),
    })
}

/// All there is, as the page's command puts the files one behind the other.
fn applied() -> Vec<Value> {
    let command = "redis.yaml sam-callback.yaml | kubectl apply -f -";
    assert!(page().contains(command));
    let text =
        ["redis.yaml", "sam-callback.yaml"].map(|file| read(&format!("deploy/spinkube/{file}")));
    documents(&text.concat()).expect("YAML")
}

fn page() -> String {
    read("deploy/spinkube/README.md")
}

fn the(kind: &str) -> Value {
    let mut found = applied();
    found.retain(|document| document["kind"] == kind);
    assert_eq!(found.len(), 1, "{kind}");
    found.remove(0)
}

fn spin_app() -> SpinApp {
    serde_json::from_value(the("SpinApp")["spec"].take()).expect("a SpinApp")
}

#[test]
fn everything_is_applied_once_and_as_its_kind_says() {
    let kinds: Vec<_> = applied()
        .iter()
        .map(|it| format!("{} {}", it["apiVersion"], it["kind"]).replace('"', ""))
        .collect();
    let expected = [
        "v1 Service",
        "apps/v1 StatefulSet",
        "networking.k8s.io/v1 NetworkPolicy",
        "core.spinkube.dev/v1alpha1 SpinAppExecutor",
        "core.spinkube.dev/v1alpha1 SpinAppExecutor",
        "core.spinkube.dev/v1alpha1 SpinApp",
        "autoscaling/v2 HorizontalPodAutoscaler",
        "policy/v1 PodDisruptionBudget",
    ];
    assert_eq!(kinds, expected);
}

/// The executors of the manifest, by name.
fn executors() -> Vec<(String, Executor)> {
    let mut found = applied();
    found.retain(|document| document["kind"] == "SpinAppExecutor");
    found
        .into_iter()
        .map(|mut executor| {
            let name = executor["metadata"]["name"].as_str().expect("a name");
            let name = name.to_owned();
            let spec = serde_json::from_value(executor["spec"].take());
            (name, spec.expect("an executor"))
        })
        .collect()
}

#[test]
fn the_application_runs_by_the_shim_and_a_container_is_the_second_way() {
    let (app, executors) = (spin_app(), executors());
    let [(shim, by_shim), (container, by_container)] = &executors[..] else {
        panic!("two executors");
    };
    assert_eq!(&app.executor, shim);
    for name in [shim, container] {
        assert!(page().contains(&format!("`{name}`")), "{name}");
    }
    assert!(page().contains(&format!("{{\"executor\":\"{container}\"}}")));
    for executor in [by_shim, by_container] {
        assert!(executor.create_deployment);
        let config = &executor.deployment_config;
        // One of the two, says spin-operator.
        assert_ne!(
            config.spin_image.is_some(),
            config.runtime_class_name.is_some()
        );
        // Without certificates of authorities no data API is reached over TLS.
        assert!(config.install_default_ca_certs);
    }
    let class = by_shim.deployment_config.runtime_class_name.as_deref();
    assert!(page().contains(&format!("`{}`", class.expect("a runtime class"))));
}

#[test]
fn the_images_are_those_that_the_page_has_made() {
    let version = text(&table("spin.toml")["application"]["version"]);
    assert_eq!(
        spin_app().image,
        format!("registry.example.com/sam-callback:{version}")
    );
    assert!(page().contains(&format!("\"$REGISTRY/sam-callback:{version}\"")));
    let spin = executors()
        .into_iter()
        .find_map(|(_, executor)| executor.deployment_config.spin_image);
    let images = [spin.expect("an image"), redis()["image"].to_string()];
    for image in images {
        assert!(
            image.trim_matches('"').starts_with("registry.example.com/"),
            "{image}"
        );
        let short = image
            .trim_matches('"')
            .split('/')
            .next_back()
            .expect("a name");
        assert!(page().contains(&format!("`{short}`")), "{short}");
    }
}

#[test]
fn every_secret_of_the_component_comes_from_the_secret_of_the_page() {
    let app = spin_app();
    let mut given: Vec<_> = app.variables.iter().map(|it| it.name.clone()).collect();
    given.sort_unstable();
    assert_eq!(given, secrets());
    for variable in app.variables {
        let from = variable.value_from.secret_key_ref;
        assert_eq!(
            (from.name.as_str(), &from.key),
            ("sam-callback", &variable.name)
        );
        // Without it every callback is refused, so it may as well not start.
        assert_eq!(from.optional, from.key != "callback_token", "{}", from.key);
        assert!(page().contains(&from.key), "{}", from.key);
    }
    assert!(page().contains("create secret generic sam-callback --from-env-file=/dev/stdin"));
    let command = format!(
        "create secret generic {} --from-file=runtime-config.toml=/dev/stdin",
        app.runtime_config.load_from_secret
    );
    assert!(page().contains(&command), "{command}");
}

#[test]
fn replicas_are_the_autoscalers_and_one_stays() {
    let app = spin_app();
    // spin-operator refuses both at once.
    assert!(app.enable_autoscaling && app.replicas.is_none());
    // A utilisation is one of what is requested.
    assert!(app.resources.requests.contains_key("cpu"));
    assert!(app.resources.limits.contains_key("memory"));
    let name = the("SpinApp")["metadata"]["name"].clone();
    let target = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": name });
    let scaler = &the("HorizontalPodAutoscaler")["spec"];
    assert_eq!(scaler["scaleTargetRef"], target);
    assert!(scaler["minReplicas"].as_u64() > Some(1));
    // spin-operator puts this label on the pods.
    let pods = json!({ "matchLabels": { "core.spinkube.dev/app-name": name } });
    assert_eq!(the("PodDisruptionBudget")["spec"]["selector"], pods);
    let from = &the("NetworkPolicy")["spec"]["ingress"][0]["from"][0]["podSelector"];
    assert_eq!(*from, pods);
}

#[test]
fn probes_carry_the_outbox_and_stay_green_while_the_data_api_is_away() {
    let Checks {
        liveness,
        readiness,
    } = spin_app().checks;
    for probe in [liveness, readiness] {
        assert_eq!(probe.http_get.path, "/health");
        // An instance is dropped after a second, and one that lives looks each ten.
        assert_eq!(probe.period_seconds, 10);
        assert!(probe.timeout_seconds < probe.period_seconds);
        assert!(probe.failure_threshold > 1 && probe.initial_delay_seconds > 0);
    }
}

/// The container of Redis.
fn redis() -> Value {
    let mut set = the("StatefulSet");
    let containers = set["spec"]["template"]["spec"]["containers"].take();
    assert_eq!(containers.as_array().map(Vec::len), Some(1));
    containers[0].clone()
}

#[test]
fn redis_is_found_keeps_what_it_has_taken_and_wants_a_password() {
    let (service, set, container) = (the("Service"), the("StatefulSet"), redis());
    let labels = &set["spec"]["template"]["metadata"]["labels"];
    assert_eq!(service["spec"]["selector"], *labels);
    assert_eq!(set["spec"]["selector"]["matchLabels"], *labels);
    assert_eq!(set["spec"]["serviceName"], service["metadata"]["name"]);
    let policy = &the("NetworkPolicy")["spec"];
    assert_eq!(policy["podSelector"]["matchLabels"], *labels);
    let port = &service["spec"]["ports"][0]["port"];
    assert_eq!(container["ports"][0]["containerPort"], *port);
    assert_eq!(policy["ingress"][0]["ports"][0]["port"], *port);

    let store = &deployed("spinkube")["key_value_store"]["default"];
    assert_eq!(text(&store["type"]), "redis");
    let host = service["metadata"]["name"].as_str().expect("a name");
    let url = format!("redis://:REDIS_PASSWORD@{host}:{port}/0");
    assert_eq!(text(&store["url"]), url);
    assert!(page().contains("${config/REDIS_PASSWORD/$redis}"));

    let claim = &set["spec"]["volumeClaimTemplates"][0]["metadata"]["name"];
    assert_eq!(container["volumeMounts"][0]["name"], *claim);
    let script = container["args"][0].as_str().expect("a script");
    let folder = container["volumeMounts"][0]["mountPath"]
        .as_str()
        .expect("a path");
    let lines: Vec<_> = script.lines().map(str::trim).collect();
    for line in [
        &format!("dir {folder}"),
        "appendonly yes",
        "appendfsync always",
    ] {
        assert!(lines.contains(&line), "{line}");
    }
    assert!(lines.contains(&"maxmemory-policy noeviction"));
    assert!(lines.contains(&"requirepass $REDIS_PASSWORD"));
    assert_eq!(container["env"][0]["name"], "REDIS_PASSWORD");
    let from = &container["env"][0]["valueFrom"]["secretKeyRef"];
    assert_eq!(
        *from,
        json!({ "name": "sam-callback-redis", "key": "password" })
    );
    assert!(page().contains("create secret generic sam-callback-redis --from-file=password="));
}

#[test]
fn what_is_misspelt_is_seen() {
    let mut spec = the("SpinApp")["spec"].take();
    spec["runtimeConfig"] = json!({ "loadFromSecrets": "x" });
    assert!(serde_json::from_value::<SpinApp>(spec).is_err());
    // As two files are, one behind the other, where nothing parts them.
    assert!(documents("kind: A\nkind: B\n").is_err());
    assert!(documents("a: 1.5\n").is_err());
}
