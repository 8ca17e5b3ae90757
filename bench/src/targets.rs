//! The component's targets, judged by a run's own figures.

use serde::{Deserialize, Serialize};

use crate::attacked;
use crate::figure::{Figure, Figures, Spread};
use crate::flooded;

/// A target, and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetResult {
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

/// Whose cells are judged, what the target calls it, and the least of the floor's requests/s.
const LOAD_TARGETS: [(&str, &str, &str, f64); 2] = [
    ("refused", "floor", "refused", 0.75),
    ("data-api", "floor-out", "data API", 0.85),
];

/// Judges whatever was measured, and nothing else.
pub fn judge(figures: &Figures) -> Vec<TargetResult> {
    let targets = [
        under_load(figures),
        grown(figures),
        beside_strangers(figures),
        beside_a_flood(figures),
        through_a_mailbox(figures),
        sized(figures),
    ];
    let measured = |(target, limit, values): Target| Some(one(target, limit, &values?));
    targets.into_iter().flatten().filter_map(measured).collect()
}

/// What it is called, its limit, and the rounds where it was measured.
type Target = (String, Limit, Option<Vec<f64>>);

fn rounds(figures: &Figures, name: &str) -> Option<Vec<f64>> {
    figures.get(name).map(|figure| figure.rounds.clone())
}

fn under_load(figures: &Figures) -> Vec<Target> {
    let rounds = |name: &str| rounds(figures, name);
    let mut targets = Vec::new();
    let mut add = |target: String, limit: Limit, values| targets.push((target, limit, values));
    for (scenario, floor, title, least) in LOAD_TARGETS {
        let of = |cell: &str, measure: &str| format!("load/{scenario}/{cell}/{measure}");
        for connections in [16, 128] {
            let ratio = rounds(&of(&format!("{connections}-kept-300B"), "rps-ratio"));
            let target = format!("{title}, {connections} connections: requests/s of the floor's");
            add(target, AtLeast(least), ratio);
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
    targets
}

fn grown(figures: &Figures) -> Vec<Target> {
    let outbox = |measure: &str| rounds(figures, &format!("growth/outbox/100000/{measure}-ratio"));
    let target = |text: &str| format!("100,000 in the outbox: {text} of that with none");
    vec![
        (target("p50"), AtMost(1.1), outbox("p50")),
        (target("requests/s"), AtLeast(0.9), outbox("rps")),
    ]
}

fn beside_strangers(figures: &Figures) -> Vec<Target> {
    let costly = attacked::KINDS.iter().filter(|kind| !kind.is_reference);
    let target = |kind: &attacked::Kind| {
        let ratio = format!("{}/p50-ratio", attacked::name_of(kind.name));
        let target = format!("beside {}: p50 of alone", kind.title);
        (target, AtMost(2.0), rounds(figures, &ratio))
    };
    costly.map(target).collect()
}

fn beside_a_flood(figures: &Figures) -> Vec<Target> {
    let mut targets = Vec::new();
    let most = flooded::name(100_000);
    targets.push((
        "flooded, 100,000 rows: p99 of that with 10".to_owned(),
        AtMost(3.0),
        rounds(figures, &format!("{most}/p99-ratio")),
    ));
    // Where nobody is answered all wait alike.
    for (amount, title) in flooded::AMOUNTS.into_iter().zip(["10", "1,000", "100,000"]) {
        let failed = format!("{}/failed", flooded::name(amount));
        targets.push((
            format!("flooded, {title} rows: share of callbacks that fail"),
            AtMost(0.0),
            rounds(figures, &failed),
        ));
    }
    for (measure, title) in [("threads", "threads"), ("resident", "memory")] {
        let ratio = format!("{}/{measure}-ratio", flooded::host_name(flooded::LONG));
        targets.push((
            format!("flooded: the host's {title} of the short flood's"),
            AtMost(1.2),
            rounds(figures, &ratio),
        ));
    }
    targets
}

fn through_a_mailbox(figures: &Figures) -> Vec<Target> {
    let of = |name: &str| rounds(figures, &format!("mailbox/{name}"));
    vec![
        (
            "mailbox: p50 from 202 to the row, ms".to_owned(),
            AtMost(300.0),
            of("row/p50"),
        ),
        (
            "mailbox: p99 from 202 to the row, ms".to_owned(),
            AtMost(1000.0),
            of("row/p99"),
        ),
        (
            "mailbox of 100,000: collected a second".to_owned(),
            AtLeast(300.0),
            of("drain/rate"),
        ),
    ]
}

fn sized(figures: &Figures) -> Vec<Target> {
    let size = rounds(figures, "size/sam-callback/file");
    vec![("the component's size, KB".to_owned(), AtMost(900.0), size)]
}

fn difference(own: Option<&Figure>, floor: Option<&Figure>) -> Option<Vec<f64>> {
    let rounds = own?.rounds.iter().zip(&floor?.rounds);
    Some(rounds.map(|(own, floor)| own - floor).collect())
}

fn one(target: String, limit: Limit, values: &[f64]) -> TargetResult {
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
    TargetResult {
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

    fn judged(rounds: &[(&str, &[f64])]) -> Vec<TargetResult> {
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
            (&[0.76, 0.8, 0.85][..], true, true),
            (&[0.7, 0.8, 0.85], true, false),
            (&[0.7, 0.74, 0.85], false, false),
            (&[0.6, 0.7, 0.74], false, true),
            (&[0.75], true, true),
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

    #[test]
    fn a_flood_is_judged_by_those_it_may_not_touch() {
        let judged = judged(&[
            ("flooded/10/failed", &[0.0]),
            ("flooded/100000/p99-ratio", &[2.5, 3.1, 2.9]),
            ("flooded/100000/failed", &[0.0, 0.1, 0.2]),
            ("flooded/host-long/threads-ratio", &[1.1]),
            ("flooded/host-long/resident-ratio", &[1.3]),
        ]);
        let met: Vec<_> = judged.iter().map(|one| (one.limit, one.met)).collect();
        let expected = [
            (3.0, true),
            (0.0, true),
            (0.0, false),
            (1.2, true),
            (1.2, false),
        ];
        assert_eq!(met, expected);
    }

    #[test]
    fn references_are_no_targets() {
        let judged = judged(&[
            ("attacked/cheapest/p50-ratio", &[9.0]),
            ("attacked/floor/p50-ratio", &[9.0]),
            ("attacked/jwt/p50-ratio", &[1.5]),
        ]);
        assert_eq!(judged.len(), 1);
        assert!(judged[0].met);
    }
}
