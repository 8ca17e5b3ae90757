//! The route table: method and path → who answers. A further source is one line in [`Routes::new`].

use crate::audit::Record;
use crate::config::{AccessSettings, Config, Setup};
use crate::credentials::Policy;
use crate::http::{Refusal, Reply};
use crate::interface::{self, File};
use crate::operations::{self, OperatorRequest};
use crate::sources::{A360, BlizWork, Cal, Messages, Source, Visibility};

/// The methods of a path that is only read.
const READ: &str = "GET, HEAD";

/// The route table of one configuration.
pub struct Routes {
    root_path: String,
    endpoints: Vec<Endpoint>,
    /// A setting is wrong that says which paths there are.
    paths_unknown: bool,
    /// What operators need; without it there is nothing of theirs.
    admin: Setup<Policy>,
    /// What collectors need; without it there is no mailbox.
    mailbox: Setup<Policy>,
}

/// A source with its paths and its policy.
pub struct Endpoint {
    /// Who notifies.
    pub source: Box<dyn Source>,
    /// How many notifications a client has in a minute; 0: any number.
    pub limit: usize,
    paths: Vec<String>,
    /// `None`: a setting it depends on is wrong.
    policy: Option<Policy>,
    /// Its rows can be read back below its paths.
    shows_rows: bool,
}

impl Endpoint {
    /// A source on these paths, with the credentials that `access` names; `None`: a setting is wrong.
    pub fn new(
        source: impl Source + 'static,
        paths: &[&str],
        access: Option<&AccessSettings>,
    ) -> Self {
        Self {
            source: Box::new(source),
            limit: 0,
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            policy: access.map(Policy::new),
            shows_rows: false,
        }
    }

    /// With a limit of notifications a minute.
    pub fn limited(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// With rows that can be read back.
    pub fn showing_rows(self, shows_rows: bool) -> Self {
        Self { shows_rows, ..self }
    }

    /// Its policy, unless a setting it depends on is wrong.
    pub fn policy(&self) -> Result<&Policy, Refusal> {
        self.policy.as_ref().ok_or(Refusal::Misconfigured)
    }

    /// A refusal in the source's own format, as the audit line names it. Of a hidden endpoint callers
    /// get no more than they would of an unknown path.
    pub fn refuse(&self, refusal: &Refusal, record: &Record) -> (&'static str, Reply) {
        let is_concealed =
            self.source.visibility() == Visibility::Hidden && refusal.tells_of_endpoint();
        let reply = match is_concealed {
            true => Refusal::NotFound.reply(&record.request_id),
            false => self.source.refuse(refusal, &record.request_id),
        };
        (refusal.code(), reply)
    }

    /// What becomes of a method that it does not have.
    fn refuse_method(&self, allowed: &'static str) -> Result<Route<'_>, Refusal> {
        match self.source.visibility() {
            Visibility::Public => Ok(Route::Refused(self, Refusal::MethodNotAllowed(allowed))),
            Visibility::Hidden => Err(Refusal::NotFound),
        }
    }
}

/// Who answers a request.
pub enum Route<'a> {
    /// `GET /health`
    Health,
    /// `GET /health/ready`
    Ready,
    /// `GET /webhook/health`
    MessagesHealth,
    /// `GET /openapi.json`
    Document,
    /// `GET /docs`, `GET /panel`, and what those pages are made of.
    Page(&'static File),
    /// `POST` to an endpoint: a notification.
    Notify(&'a Endpoint),
    /// An endpoint, by a method that it does not have.
    Refused(&'a Endpoint, Refusal),
    /// An operator's request, or what is wrong with it.
    Operate(Result<OperatorRequest, Refusal>),
    /// `GET /mailbox`
    Mailbox,
    /// `POST /mailbox/ack`
    Acknowledge,
    /// `GET` of one row below an endpoint, by the still encoded key.
    Lookup(&'a Endpoint, &'a str),
}

impl Routes {
    /// The table. A further source is one line here.
    pub fn new(config: &Config) -> Self {
        let callback_paths = config.callback_paths.as_deref().unwrap_or_default();
        let callback_paths: Vec<_> = callback_paths.iter().map(String::as_str).collect();
        // Without its settings there is no such endpoint.
        let blizwork = config.blizwork.is_set().then(|| {
            let access = config.blizwork.as_ref().ready();
            Endpoint::new(BlizWork, &["/blizwork"], access)
        });
        let table = Self {
            root_path: config.root_path.clone(),
            endpoints: Vec::new(),
            paths_unknown: config.callback_paths.is_none(),
            admin: config.admin.as_ref().map(Policy::new),
            mailbox: config.mailbox.as_ref().map(Policy::new),
        };
        table
            .with(
                Endpoint::new(
                    A360::new(config.final_states.clone()),
                    &callback_paths,
                    config.callback.as_ref(),
                )
                .showing_rows(config.shows_rows()),
            )
            .with(
                Endpoint::new(Messages, &["/webhook/receive"], config.messages.as_ref())
                    .limited(config.messages_per_minute),
            )
            .with(
                Endpoint::new(Cal, &["/webhook/cal"], config.cal.as_ref())
                    .limited(config.messages_per_minute),
            )
            .with(blizwork)
    }

    /// With an endpoint more, where there is one.
    pub fn with(mut self, endpoint: impl Into<Option<Endpoint>>) -> Self {
        self.endpoints.extend(endpoint.into());
        self
    }

    /// The operators' policy, where there is one that can be used.
    pub fn admin(&self) -> Option<&Policy> {
        self.admin.as_ref().ready()
    }

    /// The collectors' policy, where there is one that can be used.
    pub fn mailbox(&self) -> Option<&Policy> {
        self.mailbox.as_ref().ready()
    }

    /// Who answers `method` on `path`.
    pub fn find<'a>(
        &'a self,
        method: &str,
        path: &'a str,
        query: &str,
    ) -> Result<Route<'a>, Refusal> {
        // The same, only that its reply goes out without its body.
        let method = if method == "HEAD" { "GET" } else { method };
        if self.admin.is_set()
            && let Some(path) = path.strip_prefix(self.root_path.as_str())
            && let Some(request) = operations::request(method, path, query)
        {
            return Ok(Route::Operate(request));
        }
        let (route, allowed) = self.match_path(path).ok_or(match self.paths_unknown {
            true => Refusal::Misconfigured,
            false => Refusal::NotFound,
        })?;
        match route {
            route if allowed.split(", ").any(|word| word == method) => Ok(route),
            Route::Notify(endpoint) => endpoint.refuse_method(allowed),
            _ => Err(Refusal::MethodNotAllowed(allowed)),
        }
    }

    fn match_path<'a>(&'a self, path: &'a str) -> Option<(Route<'a>, &'static str)> {
        let path = match path.strip_prefix(self.root_path.as_str())? {
            "" => "/",
            path => path,
        };
        match path {
            "/health" => return Some((Route::Health, READ)),
            "/health/ready" => return Some((Route::Ready, READ)),
            "/webhook/health" => return Some((Route::MessagesHealth, READ)),
            "/openapi.json" => return Some((Route::Document, READ)),
            "/mailbox" if self.mailbox.is_set() => return Some((Route::Mailbox, READ)),
            "/mailbox/ack" if self.mailbox.is_set() => return Some((Route::Acknowledge, "POST")),
            _ => {}
        }
        let is_there = |file: &&File| !file.for_operators || self.admin.is_set();
        if let Some(file) = interface::file(path).filter(is_there) {
            return Some((Route::Page(file), READ));
        }
        if let Some(endpoint) = self.endpoint(path) {
            return Some((Route::Notify(endpoint), "POST"));
        }
        // Nothing is below `/` itself: a path that nobody has would be a row there.
        let (parent, key) = path.rsplit_once('/').filter(|(parent, _)| *parent != "/")?;
        let endpoint = self.endpoint(parent).filter(|it| it.shows_rows)?;
        (!key.is_empty()).then_some((Route::Lookup(endpoint, key), READ))
    }

    fn endpoint(&self, path: &str) -> Option<&Endpoint> {
        let is_its_own = |endpoint: &&Endpoint| endpoint.paths.iter().any(|own| own == path);
        self.endpoints.iter().find(is_its_own)
    }
}

#[cfg(test)]
mod tests;
