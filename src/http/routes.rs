//! Method and path → who answers.

use ::http::Method;

use super::Refusal;
use crate::admin;
use crate::config::{Config, DataApi};
use crate::credentials::Policy;
use crate::sources::{self, Source};

/// The route table of one configuration.
pub struct Routes {
    root_path: String,
    endpoints: Vec<Endpoint>,
    /// A setting that says which paths there are is wrong.
    unknown: bool,
    /// Rows can be read back below their endpoint.
    shows_rows: bool,
    /// Operators' door; without it there is nothing of theirs.
    admin: Option<Policy>,
}

/// A source behind its door.
pub struct Endpoint {
    /// Who notifies.
    pub source: Box<dyn Source>,
    paths: Vec<String>,
    policy: Option<Policy>,
}

impl Endpoint {
    /// Its policy, unless a setting it depends on is wrong.
    pub fn policy(&self) -> Result<&Policy, Refusal> {
        self.policy.as_ref().ok_or(Refusal::Misconfigured)
    }
}

/// Who answers a request.
pub enum Route<'a> {
    /// `GET /health`
    Health,
    /// `GET /health/ready`
    Ready,
    /// `POST` to an endpoint: a notification.
    Notify(&'a Endpoint),
    /// A call of an operator's, or what is wrong with it.
    Admin(Result<admin::Call, Refusal>),
    /// `GET` of one row below an endpoint, by the still encoded key.
    Lookup(&'a Endpoint, &'a str),
}

impl Routes {
    /// The table. A further source is one line here.
    pub fn new(config: &Config) -> Self {
        let door = config.callback.as_ref().map(|callback| &callback.door);
        let endpoints = vec![Endpoint {
            source: Box::new(sources::A360),
            paths: config.callback_paths.clone().unwrap_or_default(),
            policy: door.map(Policy::new),
        }];
        Self {
            root_path: config.root_path.clone(),
            endpoints,
            unknown: config.callback_paths.is_none(),
            admin: config.admin.as_ref().map(Policy::new),
            // Rows of a real database are not for the internet.
            shows_rows: config
                .callback
                .as_ref()
                .is_none_or(|callback| matches!(callback.data_api, DataApi::Embedded { .. })),
        }
    }

    /// The policy of the operators' door.
    pub fn admin(&self) -> Result<&Policy, Refusal> {
        self.admin.as_ref().ok_or(Refusal::NotFound)
    }

    /// Who answers `method` on `path`, which may have a query.
    pub fn find<'a>(
        &'a self,
        method: &Method,
        path: &'a str,
        query: &str,
    ) -> Result<Route<'a>, Refusal> {
        if self.admin.is_some()
            && let Some(path) = path.strip_prefix(self.root_path.as_str())
            && let Some(call) = admin::call(method, path, query)
        {
            return Ok(Route::Admin(call));
        }
        let (route, allowed) = self.match_path(path).ok_or(if self.unknown {
            Refusal::Misconfigured
        } else {
            Refusal::NotFound
        })?;
        if method.as_str() == allowed {
            Ok(route)
        } else {
            Err(Refusal::MethodNotAllowed(allowed))
        }
    }

    fn match_path<'a>(&'a self, path: &'a str) -> Option<(Route<'a>, &'static str)> {
        let path = path.strip_prefix(self.root_path.as_str())?;
        match path {
            "/health" => return Some((Route::Health, "GET")),
            "/health/ready" => return Some((Route::Ready, "GET")),
            _ => {}
        }
        let is_its_own = |endpoint: &&Endpoint| endpoint.paths.iter().any(|own| own == path);
        if let Some(endpoint) = self.endpoints.iter().find(is_its_own) {
            return Some((Route::Notify(endpoint), "POST"));
        }
        let (parent, key) = path.rsplit_once('/').filter(|_| self.shows_rows)?;
        let endpoint = self
            .endpoints
            .iter()
            .find(|endpoint| endpoint.paths.iter().any(|own| own == parent))?;
        (!key.is_empty()).then_some((Route::Lookup(endpoint, key), "GET"))
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;

    use super::*;
    use crate::testing::FakeHost;

    fn routes(settings: &[(&str, &str)]) -> Routes {
        Routes::new(&block_on(Config::load(&FakeHost::with(settings))))
    }

    fn find(routes: &Routes, method: &str, path: &str) -> String {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        match routes.find(&method, path, "") {
            Ok(Route::Admin(call)) => format!("{call:?}"),
            Ok(Route::Health) => "health".to_owned(),
            Ok(Route::Ready) => "ready".to_owned(),
            Ok(Route::Notify(endpoint)) => endpoint.source.name().to_owned(),
            Ok(Route::Lookup(_, key)) => format!("row {key}"),
            Err(Refusal::MethodNotAllowed(allowed)) => format!("only {allowed}"),
            Err(refusal) => refusal.code().to_owned(),
        }
    }

    #[test]
    fn each_path_has_one_answer() {
        let routes = routes(&[
            ("callback_token", "t"),
            ("root_path", "/sam"),
            ("callback_endpoint_path", "/api/callback /cb /cb/two"),
        ]);
        for (method, path, answer) in [
            ("GET", "/sam/health", "health"),
            ("HEAD", "/sam/health", "only GET"),
            ("GET", "/health", "not_found"),
            ("GET", "/samurai/health", "not_found"),
            ("GET", "/sam/health/ready", "ready"),
            ("POST", "/sam/health/ready", "only GET"),
            ("POST", "/sam/api/callback", "a360"),
            ("POST", "/sam/cb", "a360"),
            ("POST", "/sam/cb/two", "a360"),
            ("GET", "/sam/cb", "only POST"),
            ("PUT", "/sam/cb", "only POST"),
            ("BREW", "/sam/cb", "only POST"),
            ("GET", "/sam/cb/a%2Fb", "row a%2Fb"),
            ("DELETE", "/sam/cb/a", "only GET"),
            ("GET", "/sam/cb/a/b", "not_found"),
            ("GET", "/sam/cb/", "not_found"),
            ("POST", "/sam/cb/", "not_found"),
            ("POST", "/sam/CB", "not_found"),
            ("POST", "/sam//cb", "not_found"),
            ("GET", "/", "not_found"),
            ("GET", "", "not_found"),
        ] {
            assert_eq!(find(&routes, method, path), answer, "{method} {path}");
        }
    }

    #[test]
    fn rows_of_a_database_cannot_be_read_from_outside() {
        for (data_api, answer) in [
            ("embedded", "row a"),
            ("dab", "not_found"),
            ("postgrest", "not_found"),
        ] {
            let routes = routes(&[("callback_token", "t"), ("data_api", data_api)]);
            assert_eq!(
                find(&routes, "GET", "/api/callback/a"),
                answer,
                "{data_api}"
            );
        }
    }

    #[test]
    fn with_paths_unknown_only_health_answers() {
        let routes = routes(&[("callback_token", "t"), ("root_path", "sam")]);
        assert_eq!(find(&routes, "GET", "/health"), "health");
        assert_eq!(find(&routes, "GET", "/health/ready"), "ready");
        assert_eq!(find(&routes, "POST", "/api/callback"), "misconfigured");
        assert_eq!(find(&routes, "GET", "/any"), "misconfigured");
    }
}
