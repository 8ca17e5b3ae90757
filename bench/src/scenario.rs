//! What is measured under load: which request, of which server, beside which floor.

use crate::request::{Credential, SECRET, TOKEN};
use crate::server::Application;

pub const COMPONENT: &str = "spin.toml";
pub const FLOOR: &str = "tests/floor/spin.toml";
pub const FLOOR_OUT: &str = "tests/floor_out/spin.toml";

/// One kind of request.
#[derive(Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// What the table calls it.
    pub title: &'static str,
    pub served_by: Served,
    pub credential: Credential,
    /// What all replies have.
    pub status: u16,
    /// The scenario with the least that any component has to do here.
    pub floor: Option<&'static str>,
    /// In which cells it is measured.
    pub cells: Cells,
}

/// An application with its settings. Scenarios with the same one share a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Served {
    Floor,
    FloorOut,
    /// Refusals are not counted, and rows are in the key-value store.
    Embedded,
    /// Refusals are counted as the defaults have it.
    Counting,
    /// Rows are behind the data API.
    DataApi,
    /// The same, with a key for JWTs.
    Jwt,
    /// The same, with a secret for messages.
    Messages,
    /// The same, with keys for both, none of which strangers have signed with.
    Attacked,
}

/// In which cells a scenario is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// In all of them.
    All,
    /// Where bodies are small and connections kept.
    Plain,
    /// Of those, where there are 16 connections.
    Sixteen,
}

/// All of them, floors first.
pub const SCENARIOS: [Scenario; 10] = [
    Scenario {
        name: "floor",
        title: "floor: read, answer",
        served_by: Served::Floor,
        credential: Credential::Token,
        status: 200,
        floor: None,
        cells: Cells::All,
    },
    Scenario {
        name: "refused",
        title: "refused (401)",
        served_by: Served::Embedded,
        credential: Credential::WrongToken,
        status: 401,
        floor: Some("floor"),
        cells: Cells::All,
    },
    Scenario {
        name: "refused-counted",
        title: "refused, counted (401)",
        served_by: Served::Counting,
        credential: Credential::WrongTokenFromAnywhere,
        status: 401,
        floor: Some("floor"),
        cells: Cells::Sixteen,
    },
    Scenario {
        name: "guessing",
        title: "guessing (429)",
        served_by: Served::Counting,
        credential: Credential::WrongToken,
        status: 429,
        floor: Some("floor"),
        cells: Cells::Sixteen,
    },
    Scenario {
        name: "embedded",
        title: "token, embedded rows",
        served_by: Served::Embedded,
        credential: Credential::Token,
        status: 200,
        floor: Some("floor"),
        cells: Cells::Plain,
    },
    Scenario {
        name: "floor-out",
        title: "floor-out: read, post",
        served_by: Served::FloorOut,
        credential: Credential::Token,
        status: 200,
        floor: None,
        cells: Cells::All,
    },
    Scenario {
        name: "data-api",
        title: "token, data API",
        served_by: Served::DataApi,
        credential: Credential::Token,
        status: 200,
        floor: Some("floor-out"),
        cells: Cells::All,
    },
    Scenario {
        name: "rs256-remembered",
        title: "RS256, remembered",
        served_by: Served::Jwt,
        credential: Credential::OneJwt,
        status: 200,
        floor: Some("floor-out"),
        cells: Cells::Plain,
    },
    Scenario {
        name: "rs256-first",
        title: "RS256, first time",
        served_by: Served::Jwt,
        credential: Credential::NewJwt,
        status: 200,
        floor: Some("floor-out"),
        cells: Cells::Plain,
    },
    Scenario {
        name: "signed",
        title: "signed message",
        served_by: Served::Messages,
        credential: Credential::Signature,
        status: 200,
        floor: Some("floor-out"),
        cells: Cells::Plain,
    },
];

/// The scenario of this name.
pub fn named(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

impl Served {
    /// Whether it needs the data API for every request that it lets in.
    pub fn posts(self) -> bool {
        !matches!(self, Self::Floor | Self::Embedded | Self::Counting)
    }

    /// How it is served; `key` is the public key of JWTs.
    pub fn application(self, data_api: &str, key: &str) -> Application {
        let settings: &[(&'static str, &str)] = match self {
            Self::Floor => return Application::new(FLOOR, &[]),
            Self::FloorOut => {
                return Application::new(FLOOR_OUT, &[("data_api_origin", data_api)]);
            }
            Self::Embedded => &[("failed_attempts_per_minute", "0")],
            Self::Counting => &[("trusted_proxies", "1")],
            Self::DataApi => &[],
            Self::Jwt | Self::Attacked => &[("jwt_public_key", key)],
            Self::Messages => &[
                ("webhook_secret", SECRET),
                ("webhook_rate_limit_per_minute", "0"),
            ],
        };
        let remote: &[(&'static str, &str)] = &[
            ("data_api", "postgrest"),
            ("data_api_origin", data_api),
            ("data_api_path", ""),
        ];
        let remote = if self.posts() { remote } else { &[] };
        let token = [("callback_token", TOKEN)];
        Application::new(COMPONENT, &[&token, settings, remote].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scenarios_floor_is_one_and_is_measured_wherever_it_is() {
        for scenario in &SCENARIOS {
            let Some(floor) = scenario.floor else {
                continue;
            };
            let floor = named(floor).expect("a scenario");
            assert_eq!(floor.cells, Cells::All, "{}", scenario.name);
            assert_eq!(
                floor.served_by.posts(),
                scenario.served_by.posts(),
                "{}",
                scenario.name
            );
        }
    }
}
