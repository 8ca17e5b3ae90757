//! What a run measures, how often and for how long.

use crate::request::Body;
use crate::scenario::{Cells, SCENARIOS, Scenario, named};

/// How much of everything, and which part of it.
pub struct Plan {
    pub quick: bool,
    /// A word that the names of what is measured have.
    pub only: Option<String>,
}

/// The conditions under which scenarios are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub connections: u32,
    pub kept_alive: bool,
    pub body: Body,
}

impl Cell {
    pub const fn new(connections: u32, kept_alive: bool, body: Body) -> Self {
        Self {
            connections,
            kept_alive,
            body,
        }
    }

    /// All that there are, in the order of the tables.
    pub const fn all() -> [Self; 8] {
        use Body::{Large, Small};
        [
            Self::new(1, true, Small),
            Self::new(16, true, Small),
            Self::new(128, true, Small),
            Self::new(1, false, Small),
            Self::new(16, false, Small),
            Self::new(128, false, Small),
            Self::new(1, true, Large),
            Self::new(16, true, Large),
        ]
    }

    /// In the names of figures.
    pub fn name(self) -> String {
        let kept = if self.kept_alive { "kept" } else { "new" };
        let body = self.body.name().replace(' ', "");
        format!("{}-{kept}-{body}", self.connections)
    }

    /// Above its table.
    pub fn title(self) -> String {
        let (one, kept) = match (self.connections, self.kept_alive) {
            (1, true) => ("1 connection".to_owned(), "kept alive"),
            (1, false) => ("1 connection".to_owned(), "a new one for each request"),
            (many, true) => (format!("{many} connections"), "kept alive"),
            (many, false) => (format!("{many} connections"), "a new one for each request"),
        };
        format!("{}, {one}, {kept}", self.body.name())
    }

    fn has(self, scenario: &Scenario) -> bool {
        let plain = self.kept_alive && self.body == Body::Small;
        match scenario.cells {
            Cells::All => true,
            Cells::Plain => plain,
            Cells::Sixteen => plain && self.connections == 16,
        }
    }
}

impl Plan {
    /// How often each figure is taken.
    pub fn rounds(&self) -> usize {
        if self.quick { 3 } else { 5 }
    }

    /// For how long a round makes load.
    pub fn seconds(&self) -> u32 {
        if self.quick { 1 } else { 2 }
    }

    /// For how long a valid caller is measured beside a flood: its callbacks are slow, and there
    /// must be enough of them for a 99th percentile.
    pub fn seconds_beside(&self) -> u32 {
        if self.quick { 3 } else { 6 }
    }

    /// After how many seconds of a flood the host is looked at: the first time, and the last.
    pub fn flood(&self) -> (u32, u32) {
        if self.quick { (3, 12) } else { (5, 60) }
    }

    /// How often an instance is started anew.
    pub fn cold_rounds(&self) -> usize {
        if self.quick { 5 } else { 15 }
    }

    /// How often a component is compiled.
    pub fn starts(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }

    /// Whether something of this name is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|word| name.contains(word))
    }

    /// What is measured under load: in each cell, in turn, these scenarios.
    pub fn load(&self) -> Vec<(Cell, Vec<&'static Scenario>)> {
        let cells = self.cells().into_iter();
        let filled = cells.map(|cell| {
            let wanted = |scenario: &&Scenario| {
                cell.has(scenario) && self.wants(&format!("load/{}/{}", scenario.name, cell.name()))
            };
            let wanted: Vec<_> = SCENARIOS.iter().filter(wanted).collect();
            (cell, with_floors(&wanted))
        });
        filled
            .filter(|(_, scenarios)| !scenarios.is_empty())
            .collect()
    }

    fn cells(&self) -> Vec<Cell> {
        let all = Cell::all();
        if self.quick {
            vec![all[0], all[1], all[4], all[6]]
        } else {
            all.to_vec()
        }
    }
}

/// These, and what they are compared with, in the order of the table.
fn with_floors(wanted: &[&'static Scenario]) -> Vec<&'static Scenario> {
    let floors = wanted.iter().filter_map(|scenario| scenario.floor);
    let floors: Vec<_> = floors.filter_map(named).collect();
    let is_in = |list: &[&Scenario], scenario: &Scenario| {
        list.iter().any(|other| other.name == scenario.name)
    };
    SCENARIOS
        .iter()
        .filter(|scenario| is_in(wanted, scenario) || is_in(&floors, scenario))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: Option<&str>) -> Vec<String> {
        let plan = Plan {
            quick: true,
            only: only.map(str::to_owned),
        };
        let load = plan.load();
        let named = |(cell, scenarios): &(Cell, Vec<&Scenario>)| {
            let names: Vec<_> = scenarios.iter().map(|scenario| scenario.name).collect();
            format!("{}: {}", cell.name(), names.join(" "))
        };
        load.iter().map(named).collect()
    }

    #[test]
    fn a_word_chooses_scenarios_and_their_floors_come_along() {
        assert_eq!(
            names(Some("signed")),
            [
                "1-kept-300B: floor-out signed",
                "16-kept-300B: floor-out signed"
            ]
        );
        assert_eq!(
            names(Some("500KB")),
            ["1-kept-500KB: floor refused floor-out data-api"]
        );
        assert!(names(Some("nada")).is_empty());
    }

    #[test]
    fn every_cell_has_every_floor() {
        for cell in names(None) {
            assert!(
                cell.contains(" floor ") || cell.contains(": floor "),
                "{cell}"
            );
            assert!(cell.contains(" floor-out "), "{cell}");
        }
    }
}
