//! Figures: what was measured in each round, and the spread of the rounds.

use serde::{Deserialize, Serialize};

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    PerSecond,
    Milliseconds,
    Kilobytes,
    /// How many there are.
    Count,
    /// Of another figure of the same round.
    Ratio,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    More,
    Less,
}

/// One figure, once a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// `<what>/<which>/<cell>/<measure>`.
    pub name: String,
    pub unit: Unit,
    pub better: Better,
    pub rounds: Vec<f64>,
}

/// The figures of a run, by name.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Figures(Vec<Figure>);

/// The middle of several rounds, and how far they are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Unit {
    /// A difference that means nothing, however small the figures are.
    pub fn noise(self) -> f64 {
        match self {
            Self::PerSecond => 0.0,
            Self::Milliseconds => 0.03,
            Self::Kilobytes => 32.0,
            Self::Count => 2.0,
            Self::Ratio => 0.03,
        }
    }
}

impl Figure {
    pub fn spread(&self) -> Spread {
        Spread::of(&self.rounds)
    }
}

impl Spread {
    /// Of at least one value.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let (below, above) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
        Self {
            median: f64::midpoint(at(below), at(above)),
            least: at(0),
            most: at(sorted.len().saturating_sub(1)),
        }
    }

    /// Whether no value of one is among those of the other.
    pub fn is_apart_from(self, other: Self) -> bool {
        self.least > other.most || self.most < other.least
    }
}

impl Figures {
    /// Adds one round's value.
    pub fn add(&mut self, name: &str, unit: Unit, better: Better, value: f64) {
        match self.0.iter_mut().find(|figure| figure.name == name) {
            Some(figure) => figure.rounds.push(value),
            None => self.0.push(Figure {
                name: name.to_owned(),
                unit,
                better,
                rounds: vec![value],
            }),
        }
    }

    /// Adds how one figure is to another, round by round, as `<name>-ratio`.
    pub fn add_ratio(&mut self, name: &str, other: &str) {
        self.add_ratio_as(name, other, &format!("{name}-ratio"));
    }

    /// The same under another name, for a figure that is compared with more than one.
    pub fn add_ratio_as(&mut self, name: &str, other: &str, ratio: &str) {
        let (Some(figure), Some(floor)) = (self.get(name), self.get(other)) else {
            return;
        };
        let better = figure.better;
        let rounds = figure.rounds.iter().zip(&floor.rounds);
        let ratios: Vec<_> = rounds.map(|(own, floor)| own / floor).collect();
        for value in ratios {
            self.add(ratio, Unit::Ratio, better, value);
        }
    }

    pub fn get(&self, name: &str) -> Option<&Figure> {
        self.0.iter().find(|figure| figure.name == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Figure> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_middle_and_both_ends() {
        for (values, median, least, most) in [
            (&[3.0][..], 3.0, 3.0, 3.0),
            (&[5.0, 1.0, 3.0], 3.0, 1.0, 5.0),
            (&[4.0, 1.0, 2.0, 9.0], 3.0, 1.0, 9.0),
        ] {
            let expected = Spread {
                median,
                least,
                most,
            };
            assert_eq!(Spread::of(values), expected);
        }
        assert!(Spread::of(&[1.0, 2.0]).is_apart_from(Spread::of(&[2.1, 3.0])));
        assert!(!Spread::of(&[1.0, 2.0]).is_apart_from(Spread::of(&[2.0, 3.0])));
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let mut figures = Figures::default();
        for (own, floor) in [(1.0, 2.0), (9.0, 10.0)] {
            figures.add("a/rps", Unit::PerSecond, Better::More, own);
            figures.add("b/rps", Unit::PerSecond, Better::More, floor);
        }
        figures.add_ratio("a/rps", "b/rps");
        figures.add_ratio("a/rps", "c/rps");
        let ratio = figures.get("a/rps-ratio").expect("a figure");
        assert_eq!(ratio.rounds, [0.5, 0.9]);
        assert_eq!(ratio.better, Better::More);
        assert_eq!(figures.iter().count(), 3);
    }
}
