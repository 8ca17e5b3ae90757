//! `[[trigger.http]]` of spin.toml: the route, and the component it calls.

use anyhow::{Context, Result, anyhow, bail, ensure};
use toml::Value;

use crate::names;
use crate::section::Section;

/// `[[trigger.http]]`, the only one.
pub(crate) struct Trigger {
    pub(crate) route: String,
    pub(crate) component: String,
    /// Where the component is named, for errors about it.
    pub(crate) at: String,
}

pub(crate) fn trigger(root: &mut Section) -> Result<Trigger> {
    let at = root.at("trigger");
    let mut triggers = root
        .section("trigger")?
        .with_context(|| format!("{at}: [[trigger.http]] is missing"))?;
    let http = triggers.list("http")?.unwrap_or_default();
    if let Some(other) = triggers.unknown().first() {
        bail!(
            "{}: the stand-in serves HTTP only; use Spin for other triggers",
            triggers.at(other)
        );
    }
    let [http] = <[Section; 1]>::try_from(http).map_err(|http| {
        let found = http.len();
        anyhow!("{at}.http: the stand-in serves exactly one [[trigger.http]], here are {found}; use Spin for more")
    })?;
    read(http)
}

fn read(mut http: Section) -> Result<Trigger> {
    http.string("id")?;
    let route = route(&mut http)?;
    executor(&mut http)?;
    for (key, what) in [
        ("static_response", "static responses"),
        ("components", "further components"),
        ("dependencies", "middleware"),
    ] {
        ensure!(
            !http.has(key),
            "{}: the stand-in has no {what}; use Spin",
            http.at(key)
        );
    }
    let component = match http.value("component") {
        Some(Value::String(id)) => id,
        Some(_) => bail!(
            "{}: must be the id of a [component.<id>]; the stand-in takes no inline component",
            http.at("component")
        ),
        None => bail!("{}: is missing", http.at("component")),
    };
    let at = http.at("component");
    names::component(&component).map_err(|reason| anyhow!("{at}: {reason}"))?;
    http.finish()?;
    Ok(Trigger {
        route,
        component,
        at,
    })
}

fn route(http: &mut Section) -> Result<String> {
    let at = http.at("route");
    let route = match http.value("route") {
        Some(Value::String(route)) => route,
        Some(Value::Table(_)) => bail!("{at}: the stand-in has no private endpoints; write a path"),
        _ => bail!("{at}: must be a path, such as \"/...\""),
    };
    let path = route.strip_suffix("/...").unwrap_or(&route);
    ensure!(
        !path.contains([':', '*']) && !path.contains("..."),
        "{at}: the stand-in knows exact paths and a final /... only; use Spin for other wildcards"
    );
    Ok(route)
}

fn executor(http: &mut Section) -> Result<()> {
    let Some(mut executor) = http.section("executor")? else {
        return Ok(());
    };
    let at = executor.at("type");
    match executor.string("type")?.as_deref() {
        Some("http" | "spin") => executor.finish(),
        Some("wagi") => bail!("{at}: the stand-in has no WAGI executor; use Spin"),
        _ => bail!("{at}: must be \"http\""),
    }
}
