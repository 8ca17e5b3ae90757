//! The address to serve on, as far as the variables say it: the first that has a part counts.

use super::read::Variable;
use super::table::Part;

#[derive(Default)]
pub struct Address {
    host: Option<String>,
    port: Option<String>,
    /// The variables that have it.
    pub from: Vec<String>,
}

impl Address {
    /// Takes what is new in the variable; the name of the variable that counts for its part.
    pub fn add(&mut self, part: Part, variable: &Variable) -> String {
        let value = variable.value.as_str();
        let (host, port) = match part {
            Part::Host => (Some(value), None),
            Part::Port => (None, Some(value)),
            Part::Both => match value.rsplit_once(':') {
                Some((host, port)) => (Some(host), Some(port)),
                None => (Some(value), None),
            },
        };
        let is_new = |known: &Option<String>, new: Option<&str>| known.is_none() && new.is_some();
        if !is_new(&self.host, host) && !is_new(&self.port, port) {
            return self.from[0].clone();
        }
        self.host = self.host.take().or(host.map(str::to_owned));
        self.port = self.port.take().or(port.map(str::to_owned));
        self.from.push(variable.name.clone());
        variable.name.clone()
    }

    /// `host:port`; nothing where no port is known. Without a host they listened everywhere.
    pub fn text(&self) -> Option<String> {
        let port = self.port.as_ref()?;
        let host = self.host.as_deref().unwrap_or("0.0.0.0");
        Some(format!("{host}:{port}"))
    }
}
