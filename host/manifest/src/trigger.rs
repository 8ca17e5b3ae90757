//! `[[trigger.http]]` of spin.toml: the component that gets all requests.

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::names;
use crate::section::Section;

/// The route of all requests.
const ROUTE: &str = "/...";

/// `[[trigger.http]]`, the only one.
pub(crate) struct Trigger {
    pub(crate) component: String,
    /// Where the component is named, for errors about it.
    pub(crate) at: String,
}

pub(crate) fn read(root: &mut Section) -> Result<Trigger> {
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
    let [mut http] = <[Section; 1]>::try_from(http).map_err(|http| {
        let found = http.len();
        anyhow!(
            "{at}.http: the stand-in serves exactly one [[trigger.http]], here are {found}; use \
             Spin for more"
        )
    })?;
    ensure!(
        http.string("route")?.as_deref() == Some(ROUTE),
        "{}: must be {ROUTE:?}; use Spin for other routes",
        http.at("route")
    );
    let at = http.at("component");
    let component = http.string("component")?;
    let component = component.with_context(|| format!("{at}: is missing"))?;
    names::component(&component).with_context(|| at.clone())?;
    http.finish()?;
    Ok(Trigger { component, at })
}
