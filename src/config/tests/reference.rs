//! The table of settings in `docs/referencia.md` is written from the settings and `spin.toml`.

use crate::config::settings;

const PAGE: &str = "docs/referencia.md";
const BEGIN: &str = "<!-- settings: written by the test of config/tests/reference.rs -->\n";
const END: &str = "<!-- end of settings -->\n";

/// Set, it has the table written anew.
const WRITE: &str = "SAM_CALLBACK_WRITE_REFERENCE";

fn table() -> String {
    let manifest: toml::Table = toml::from_str(include_str!("../../../spin.toml")).expect("TOML");
    let mut table =
        "| variable | por omisión | secreta | |\n| --- | --- | --- | --- |\n".to_owned();
    for (variable, meaning) in settings::MEANINGS {
        let default = manifest["variables"][*variable]["default"].as_str();
        let default = match default.expect("a text") {
            "" => String::new(),
            default => format!(" `{default}`"),
        };
        let secret = match settings::SECRETS.contains(variable) {
            true => " sí",
            false => "",
        };
        table.push_str(&format!(
            "| `{variable}` |{default} |{secret} | {meaning} |\n"
        ));
    }
    table
}

#[test]
fn the_reference_has_every_setting_as_it_is_declared() {
    let path = format!("{}/{PAGE}", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("where the table begins");
    let (written, after) = rest.split_once(END).expect("where it ends");
    if std::env::var_os(WRITE).is_some() {
        let page = format!("{before}{BEGIN}{}{END}{after}", table());
        std::fs::write(&path, page).expect("written");
        return;
    }
    assert_eq!(written, table(), "{WRITE}=1 writes it anew");
}
