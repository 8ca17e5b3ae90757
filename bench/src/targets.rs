//! What the component is to keep to, judged by a run's own figures.

use serde::{Deserialize, Serialize};

use crate::attacked;
use crate::figure::{Figure, Figures, Spread};

/// A target, and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub target: String,
    pub limit: f64,
    /// Whether the limit is the most, or the least, that there may be.
    pub at_most: bool,
    pub measured: f64,
    /// The smallest and the greatest of all rounds.
    pub between: (f64, f64),
    pub met: bool,
    /// Whether all rounds say so.
    pub clear: bool,
}

enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

use Limit::{AtLeast, AtMost};

/// Whose cells are judged, and what the target calls it.
const JUDGED: [(&str, &str, &str); 2] = [
    ("refused", "floor", "refused"),
    ("data-api", "floor-out", "data API"),
];

/// Judges whatever was measured, and nothing else.
pub fn judge(figures: &Figures) -> Vec<Judged> {
    let mut judged = Vec::new();
    let mut add = |target: String, limit: Limit, values: Option<Vec<f64>>| {
        judged.extend(values.map(|values| one(target, limit, &values)));
    };
    let rounds = |name: &str| figures.get(name).map(|figure| figure.rounds.clone());
    for (scenario, floor, title) in JUDGED {
        let of = |cell: &str, measure: &str| format!("load/{scenario}/{cell}/{measure}");
        for connections in [16, 128] {
            let ratio = rounds(&of(&format!("{connections}-kept-300B"), "rps-ratio"));
            let target = format!("{title}, {connections} connections: requests/s of the floor's");
            add(target, AtLeast(0.85), ratio);
        }
        let above = difference(
            figures.get(&of("1-kept-300B", "p50")),
            figures.get(&format!("load/{floor}/1-kept-300B/p50")),
        );
        let target = format!("{title}, 1 connection: p50 above the floor's, ms");
        add(target, AtMost(0.15), above);
        for (connections, s) in [(1, ""), (16, "s")] {
            let ratio = rounds(&of(&format!("{connections}-kept-300B"), "p99-ratio"));
            let target = format!("{title}, {connections} connection{s}: p99 of the floor's");
            add(target, AtMost(2.0), ratio);
        }
        let target = format!("{title}, 500 KB, 1 connection: p50 of the floor's");
        add(
            target,
            AtMost(1.3),
            rounds(&of("1-kept-500KB", "p50-ratio")),
        );
        let target = format!("{title}, cold: reply of the floor's");
        let cold = rounds(&format!("cold/{scenario}/reply-ratio"));
        add(target, AtMost(1.5), cold);
    }
    let outbox = |measure: &str| rounds(&format!("growth/outbox/100000/{measure}-ratio"));
    let target = "100,000 in the outbox: p50 of that with none".to_owned();
    add(target, AtMost(1.1), outbox("p50"));
    let target = "100,000 in the outbox: requests/s of that with none".to_owned();
    add(target, AtLeast(0.9), outbox("rps"));
    for (kind, title, _) in attacked::KINDS {
        let name = attacked::name_of(kind);
        let target = format!("beside {title}: p50 of alone");
        add(target, AtMost(2.0), rounds(&format!("{name}/p50-ratio")));
    }
    let size = rounds("size/sam-callback/file");
    add("the component's size, KB".to_owned(), AtMost(700.0), size);
    judged
}

fn difference(own: Option<&Figure>, floor: Option<&Figure>) -> Option<Vec<f64>> {
    let rounds = own?.rounds.iter().zip(&floor?.rounds);
    Some(rounds.map(|(own, floor)| own - floor).collect())
}

fn one(target: String, limit: Limit, values: &[f64]) -> Judged {
    let Spread {
        median,
        least,
        most,
    } = Spread::of(values);
    let (limit, at_most) = match limit {
        AtMost(limit) => (limit, true),
        AtLeast(limit) => (limit, false),
    };
    let keeps = |value: f64| {
        if at_most {
            value <= limit
        } else {
            value >= limit
        }
    };
    Judged {
        target,
        limit,
        at_most,
        measured: median,
        between: (least, most),
        met: keeps(median),
        clear: keeps(least) == keeps(most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Better, Unit};

    fn judged(rounds: &[(&str, &[f64])]) -> Vec<Judged> {
        let mut figures = Figures::default();
        for (name, values) in rounds {
            for value in *values {
                figures.add(name, Unit::Ratio, Better::Less, *value);
            }
        }
        judge(&figures)
    }

    #[test]
    fn only_what_was_measured_is_judged() {
        assert!(judged(&[]).is_empty());
        assert!(judged(&[("load/refused/1-kept-300B/p50", &[1.0])]).is_empty());
    }

    #[test]
    fn the_middle_decides_and_the_ends_say_how_sure_that_is() {
        let name = "load/refused/16-kept-300B/rps-ratio";
        for (values, met, clear) in [
            (&[0.86, 0.9, 0.95][..], true, true),
            (&[0.8, 0.9, 0.95], true, false),
            (&[0.8, 0.84, 0.95], false, false),
            (&[0.7, 0.8, 0.84], false, true),
            (&[0.85], true, true),
        ] {
            let judged = judged(&[(name, values)]);
            assert_eq!((judged[0].met, judged[0].clear), (met, clear), "{values:?}");
        }
    }

    #[test]
    fn latency_is_judged_by_what_comes_on_top() {
        let judged = judged(&[
            ("load/data-api/1-kept-300B/p50", &[0.5, 0.6, 0.9]),
            ("load/floor-out/1-kept-300B/p50", &[0.4, 0.5, 0.7]),
        ]);
        assert_eq!(judged.len(), 1);
        assert!((judged[0].measured - 0.1).abs() < 1e-9);
        assert!(judged[0].met && !judged[0].clear);
    }
}
