//! The tables of a valid caller beside strangers and beside a flood.

use super::cells::{NONE, both, grouped, middle, spread};
use crate::attacked::{self, KINDS};
use crate::figure::Figures;
use crate::flooded::{self, AMOUNTS, LONG, PHASES};
use crate::table::{Table, number};

/// Beside strangers that have this or that done.
pub fn strangers(figures: &Figures) -> Table {
    let rows = KINDS.iter().filter_map(|kind| {
        let name = attacked::name_of(kind.name);
        let of = |measure: &str| spread(figures, &format!("{name}/{measure}"));
        let p50 = of("p50")?;
        let resident = of("resident");
        Some(vec![
            kind.title.to_owned(),
            middle(of("strangers")),
            number(p50.median),
            both(of("p50-ratio")),
            middle(of("p50-of-cheapest")),
            middle(of("p99")),
            resident.map_or(NONE.to_owned(), |it| number(it.most / 1024.0)),
        ])
    });
    Table {
        title: "Attacked: a valid caller on 1 connection beside strangers".to_owned(),
        head: vec![
            NONE,
            "theirs/s",
            "p50 ms",
            "of alone",
            "of cheapest",
            "p99 ms",
            "MB at most",
        ],
        rows: rows.collect(),
    }
}

/// Beside a flood of refused requests.
pub fn a_flood(figures: &Figures) -> Table {
    let rows = AMOUNTS.into_iter().filter_map(|amount| {
        let name = flooded::name(amount);
        let of = |measure: &str| spread(figures, &format!("{name}/{measure}"));
        let p50 = of("p50")?;
        Some(vec![
            format!("rows stored: {}", grouped(amount)),
            middle(of("refused")),
            number(p50.median),
            both(of("p50-ratio")),
            middle(of("p99")),
            both(of("p99-ratio")),
            middle(of("callbacks")),
            middle(of("failed")),
        ])
    });
    Table {
        title: "Flooded: a valid embedded callback on 1 connection beside refused requests on 16"
            .to_owned(),
        head: vec![
            NONE,
            "refused/s",
            "p50 ms",
            "of 10's",
            "p99 ms",
            "of its",
            "callbacks",
            "failed",
        ],
        rows: rows.collect(),
    }
}

/// The host in that flood.
pub fn host_in_a_flood(figures: &Figures) -> Table {
    let rows = PHASES.into_iter().filter_map(|(phase, title)| {
        let name = flooded::host_name(phase);
        let of = |measure: &str| spread(figures, &format!("{name}/{measure}"));
        let resident = of("resident")?;
        let next = if phase == LONG {
            of("next-reply")
        } else {
            None
        };
        Some(vec![
            title.to_owned(),
            middle(of("threads")),
            middle(of("threads-ratio")),
            number(resident.median / 1024.0),
            middle(of("resident-ratio")),
            middle(next),
        ])
    });
    Table {
        title: "Flooded: the host, 100,000 rows stored, after 5 s and 60 s (--quick: 3 s and 12 s)"
            .to_owned(),
        head: vec![
            NONE,
            "threads",
            "of short",
            "MB",
            "of short",
            "next reply ms",
        ],
        rows: rows.collect(),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::figure::{Better, Unit};

    /// Figures as long as they come.
    pub fn add_figures(figures: &mut Figures) {
        let mut add = |name: String, unit, value| {
            figures.add(&name, unit, Better::Less, value);
            figures.add(&name, unit, Better::Less, value * 1.1);
        };
        for kind in &KINDS {
            let name = attacked::name_of(kind.name);
            add(format!("{name}/strangers"), Unit::PerSecond, 12_345.6);
            add(format!("{name}/resident"), Unit::Kilobytes, 1_234_567.8);
            for measure in ["p50", "p99"] {
                add(format!("{name}/{measure}"), Unit::Milliseconds, 123.4);
            }
            for measure in ["p50-ratio", "p50-of-cheapest"] {
                add(format!("{name}/{measure}"), Unit::Ratio, 12.3);
            }
        }
        for amount in AMOUNTS {
            let name = flooded::name(amount);
            add(format!("{name}/refused"), Unit::PerSecond, 12_345.6);
            add(format!("{name}/callbacks"), Unit::Count, 1_234.5);
            for measure in ["p50", "p99"] {
                add(format!("{name}/{measure}"), Unit::Milliseconds, 10_000.0);
            }
            for measure in ["p50-ratio", "p99-ratio", "failed"] {
                add(format!("{name}/{measure}"), Unit::Ratio, 123.4);
            }
        }
        for (phase, _) in PHASES {
            let name = flooded::host_name(phase);
            for (measure, unit) in flooded::OF_HOST {
                add(format!("{name}/{measure}"), unit, 1_234.5);
                add(format!("{name}/{measure}-ratio"), Unit::Ratio, 12.3);
            }
            add(format!("{name}/next-reply"), Unit::Milliseconds, 10_000.0);
        }
    }

    #[test]
    fn a_reply_is_shown_after_the_long_flood_alone() {
        let mut figures = Figures::default();
        add_figures(&mut figures);
        let table = host_in_a_flood(&figures);
        let last: Vec<_> = table.rows.iter().map(|row| row[5].as_str()).collect();
        assert_eq!(last, [NONE, NONE, "10,500"]);
    }
}
