//! The tables of a run.

mod beside;
mod cells;

use crate::compare::{Changed, Comparison};
use crate::figure::Figures;
use crate::growth;
use crate::load;
use crate::plan::Cell;
use crate::scenario::SCENARIOS;
use crate::table::{Table, number};
use crate::targets::TargetResult;
use cells::{NONE, both, grouped, middle, range, spread};

/// All that was measured, a table each.
pub fn measured(figures: &Figures) -> Vec<Table> {
    let loads = Cell::all()
        .into_iter()
        .map(|cell| under_load(figures, cell));
    let others = [
        cold(figures),
        growing(figures),
        beside::strangers(figures),
        beside::a_flood(figures),
        beside::host_in_a_flood(figures),
        mailbox(figures),
        memory(figures),
        components(figures),
    ];
    loads
        .chain(others)
        .filter(|table| !table.rows.is_empty())
        .collect()
}

/// The targets, met or missed.
pub fn targets(judged: &[TargetResult]) -> Table {
    let row = |one: &TargetResult| {
        let sign = if one.at_most { "<=" } else { ">=" };
        let verdict = if one.met { "met" } else { "missed" };
        let doubt = if one.clear { "" } else { " ~" };
        vec![
            one.target.clone(),
            format!("{sign} {}", number(one.limit)),
            number(one.measured),
            format!("{}–{}", number(one.between.0), number(one.between.1)),
            format!("{verdict}{doubt}"),
        ]
    };
    Table {
        title: "Targets (~ not all rounds say so)".to_owned(),
        head: vec!["", "target", "measured", "rounds", ""],
        rows: judged.iter().map(row).collect(),
    }
}

/// What got slower, and what faster.
pub fn compared(comparison: &Comparison) -> Vec<Table> {
    let row = |changed: &Changed| {
        let (old, new) = (changed.old.spread(), changed.new.spread());
        vec![
            changed.new.name.clone(),
            number(old.median),
            number(new.median),
            format!("{} %", number(changed.by * 100.0)),
        ]
    };
    let table = |title: String, changes: &[Changed]| Table {
        title,
        head: vec!["", "before", "now", "change"],
        rows: changes.iter().map(row).collect(),
    };
    let (worse, better) = (&comparison.worse, &comparison.better);
    let of = comparison.compared;
    [
        table(format!("Slower or larger: {} of {of}", worse.len()), worse),
        table(
            format!("Faster or smaller: {} of {of}", better.len()),
            better,
        ),
    ]
    .into_iter()
    .filter(|table| !table.rows.is_empty())
    .collect()
}

fn under_load(figures: &Figures, cell: Cell) -> Table {
    let rows = SCENARIOS.iter().filter_map(|scenario| {
        let name = load::name(scenario.name, cell);
        let of = |measure: &str| spread(figures, &format!("{name}/{measure}"));
        let (rps, p50) = (of("rps")?, of("p50"));
        let floor = scenario.floor.map(|floor| load::name(floor, cell));
        let floors = floor.and_then(|floor| spread(figures, &format!("{floor}/p50")));
        let above = p50
            .zip(floors)
            .map(|(own, floor)| own.median - floor.median);
        Some(vec![
            scenario.title.to_owned(),
            number(rps.median),
            range(rps),
            both(of("rps-ratio")),
            middle(p50),
            above.map_or(NONE.to_owned(), |above| format!("{above:+.2}")),
            middle(of("p99")),
            middle(of("p99-ratio")),
        ])
    });
    Table {
        title: cell.title(),
        head: vec![
            NONE,
            "requests/s",
            "rounds",
            "of the floor's",
            "p50 ms",
            "above",
            "p99 ms",
            "of its",
        ],
        rows: rows.collect(),
    }
}

fn cold(figures: &Figures) -> Table {
    let rows = SCENARIOS.iter().filter_map(|scenario| {
        let of = |measure: &str| spread(figures, &format!("cold/{}/{measure}", scenario.name));
        let reply = of("reply")?;
        Some(vec![
            scenario.title.to_owned(),
            number(reply.median),
            range(reply),
            both(of("reply-ratio")),
        ])
    });
    Table {
        title: "Cold: a request that finds no instance".to_owned(),
        head: vec![NONE, "reply ms", "rounds", "of the floor's"],
        rows: rows.collect(),
    }
}

fn growing(figures: &Figures) -> Table {
    let mut rows = Vec::new();
    for growing in &growth::ALL {
        for amount in growing.amounts {
            let name = growth::name(growing.name, *amount);
            let of = |measure: &str| spread(figures, &format!("{name}/{measure}"));
            let Some(rps) = of("rps") else {
                continue;
            };
            rows.push(vec![
                format!("{}: {}", growing.title, grouped(*amount)),
                number(rps.median),
                both(of("rps-ratio")),
                middle(of("p50")),
                both(of("p50-ratio")),
                middle(of("p99")),
                middle(of("p99-ratio")),
            ]);
        }
    }
    Table {
        title: "Growth: 300 B, 1 connection, kept alive, each beside the least of its kind"
            .to_owned(),
        head: vec![
            NONE,
            "requests/s",
            "of least",
            "p50 ms",
            "of least",
            "p99 ms",
            "of its",
        ],
        rows,
    }
}

fn mailbox(figures: &Figures) -> Table {
    let rows = [
        ("from the edge's 202 to the row, p50 ms", "row/p50"),
        ("the same, p99 ms", "row/p99"),
        ("of 100,000 that wait, collected a second", "drain/rate"),
    ];
    let rows = rows.into_iter().filter_map(|(title, name)| {
        let found = spread(figures, &format!("mailbox/{name}"))?;
        Some(vec![title.to_owned(), number(found.median), range(found)])
    });
    Table {
        title: "Mailbox: 1,000 callbacks of 300 B a minute, and one collector".to_owned(),
        head: vec![NONE, "median", "rounds"],
        rows: rows.collect(),
    }
}

fn memory(figures: &Figures) -> Table {
    let rows = SCENARIOS.iter().filter_map(|scenario| {
        let of = |measure: &str| spread(figures, &format!("memory/{}/{measure}", scenario.name));
        let (growth, resident) = (of("growth")?, of("resident")?);
        Some(vec![
            scenario.title.to_owned(),
            number(growth.median),
            range(growth),
            number(resident.most / 1024.0),
        ])
    });
    Table {
        title: "Memory of the host: 300 B, 16 connections, kept alive".to_owned(),
        head: vec![NONE, "KB per 1,000 requests", "rounds", "MB at most"],
        rows: rows.collect(),
    }
}

fn components(figures: &Figures) -> Table {
    let rows = ["floor", "floor-out", "sam-callback"].map(|component| {
        let of = |name: &str| middle(spread(figures, &name.replace('_', component)));
        vec![
            component.to_owned(),
            of("size/_/file"),
            of("compile/_/time"),
            of("compile/_/first-start"),
            of("compile/_/later-start"),
        ]
    });
    let has_any = |row: &Vec<String>| row[1..].iter().any(|cell| !cell.is_empty());
    Table {
        title: "Components: size, and the host's start with an empty cache and with a filled one"
            .to_owned(),
        head: vec![NONE, "KB", "compile ms", "first start ms", "later start ms"],
        rows: rows.into_iter().filter(has_any).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Better, Unit};
    use crate::targets::judge;

    /// A run whose figures are as long as they come.
    fn figures() -> Figures {
        let mut figures = Figures::default();
        for scenario in &SCENARIOS {
            for cell in Cell::all() {
                let name = load::name(scenario.name, cell);
                for (measure, value) in [("rps", 123_456.7), ("p50", 1234.5), ("p99", 12_345.6)] {
                    let name = format!("{name}/{measure}");
                    figures.add(&name, Unit::PerSecond, Better::More, value);
                    figures.add(&name, Unit::PerSecond, Better::More, value * 1.1);
                    let floor = scenario.floor.map(|floor| load::name(floor, cell));
                    if let Some(floor) = floor {
                        figures.add_ratio(&name, &format!("{floor}/{measure}"));
                    }
                }
            }
            let name = format!("cold/{}/reply", scenario.name);
            figures.add(&name, Unit::Milliseconds, Better::Less, 12.3);
        }
        beside::tests::add_figures(&mut figures);
        let size = "size/sam-callback/file";
        figures.add(size, Unit::Kilobytes, Better::Less, 1234.5);
        figures
    }

    #[test]
    fn every_table_fits_a_terminal() {
        let figures = figures();
        let mut tables = measured(&figures);
        tables.push(targets(&judge(&figures)));
        assert_eq!(tables.len(), Cell::all().len() + 6);
        for table in tables {
            for line in table.text().lines() {
                assert!(line.chars().count() <= 100, "{}", table.text());
            }
        }
    }

    #[test]
    fn a_target_shows_its_limit_and_a_doubt() {
        let judged = TargetResult {
            target: "t".to_owned(),
            limit: 0.85,
            at_most: false,
            measured: 0.9,
            between: (0.8, 0.95),
            met: true,
            clear: false,
        };
        let row = ["t", ">= 0.85", "0.90", "0.80–0.95", "met ~"];
        assert_eq!(targets(&[judged]).rows, [row]);
    }

    #[test]
    fn what_was_not_measured_has_no_table() {
        assert!(measured(&Figures::default()).is_empty());
    }
}
