//! spin.toml: what is accepted, what is refused.

use super::*;

#[test]
fn a_manifest_is_read_as_it_is_written() {
    let manifest = manifest(GOOD).unwrap();
    assert_eq!(manifest.component_id(), "the-app");
    assert_eq!(manifest.dir(), Path::new("/app"));
    assert_eq!(manifest.source(), Path::new("/app/target/app.wasm"));
    assert!(manifest.uses_store());
}

#[test]
fn what_is_wrong_in_a_manifest_is_named() {
    let cases = [
        (
            "spin_manifest_version = 2",
            "spin_manifest_version = 1",
            "spin.toml: spin_manifest_version: must be 2",
        ),
        (
            "name = \"app\"",
            "nam = \"app\"",
            "spin.toml: application.name: is missing",
        ),
        (
            "[application]",
            "[application]\nnope = 1",
            "spin.toml: application.nope: unknown key",
        ),
        (
            "[application]",
            "[nope]\n[application]",
            "spin.toml: nope: unknown key",
        ),
        (
            "[variables]",
            "[variables]\nplain_1 = {default = \"\"}",
            "spin.toml: variables.plain_1: the name every word",
        ),
        (
            "[variables]",
            "[variables]\nBad = {default = \"\"}",
            "spin.toml: variables.Bad: the name may contain only",
        ),
        (
            "[variables]",
            "[variables]\nx = {}",
            "spin.toml: variables.x.default: is missing",
        ),
        (
            "[variables]",
            "[variables]\nx = {default = \"\", required = true}",
            "spin.toml: variables.x.required: the stand-in takes variables with a default only",
        ),
        (
            "[variables]",
            "[variables]\nx = {default = 5}",
            "spin.toml: variables.x.default: must be a string",
        ),
        (
            "[variables]",
            "[variables]\nx = {default = \"\", hidden = true}",
            "spin.toml: variables.x.hidden: unknown key",
        ),
        (
            "route = \"/...\"",
            "",
            "spin.toml: trigger.http[0].route: must be \"/...\"",
        ),
        (
            "route = \"/...\"",
            "route = \"/:user\"",
            "spin.toml: trigger.http[0].route: must be \"/...\"; use Spin for other routes",
        ),
        (
            "route = \"/...\"",
            "route = \"/...\"\nnope = 1",
            "spin.toml: trigger.http[0].nope: unknown key",
        ),
        (
            "route = \"/...\"",
            "route = \"/...\"\nexecutor = { type = \"wagi\" }",
            "spin.toml: trigger.http[0].executor: unknown key; the stand-in knows route",
        ),
        (
            "component = \"the-app\"",
            "component = \"other\"",
            "spin.toml: trigger.http[0].component: there is no such component",
        ),
        (
            "[[trigger.http]]",
            "[[trigger.redis]]\n[[trigger.http]]",
            "spin.toml: trigger.redis: the stand-in serves HTTP only",
        ),
        (
            "[[trigger.http]]",
            "[[trigger.http]]\n[[trigger.http]]",
            "spin.toml: trigger.http: the stand-in serves exactly one",
        ),
        (
            "[component.the-app]",
            "[component.b]\n[component.the-app]",
            "spin.toml: component: the stand-in serves exactly one",
        ),
        (
            "description = \"…\"\nallowed",
            "nope = 1\nallowed",
            "spin.toml: component.the-app.nope: unknown key",
        ),
        (
            "source = \"target/app.wasm\"",
            "source = { url = \"x\" }",
            "spin.toml: component.the-app.source: the stand-in takes a local file",
        ),
        (
            "[\"default\"]",
            "[\"my-big_store\"]",
            "spin.toml: component.the-app.key_value_stores[0]: the stand-in has the store \"default\" only",
        ),
        (
            "[\"{{ origin }}\"]",
            "[5]",
            "spin.toml: component.the-app.allowed_outbound_hosts[0]: must be a string",
        ),
        (
            "description = \"…\"\nallowed",
            "files = [\"x\"]\nallowed",
            "spin.toml: component.the-app.files: unknown key; the stand-in knows source",
        ),
        (
            "\"<{{ plain }}>\"",
            "\"{{ plain\"",
            "spin.toml: component.the-app.variables.plain: the template has {{ without }}",
        ),
        (
            "command = \"a b\"",
            "",
            "spin.toml: component.the-app.build.command: is missing",
        ),
    ];
    for (good, bad, expected) in cases {
        assert!(GOOD.contains(good), "{good}");
        let refused = refusal(manifest(&GOOD.replacen(good, bad, 1)));
        assert!(
            refused.starts_with(expected),
            "{bad:?}\n got {refused}\nwant {expected}"
        );
    }
}
