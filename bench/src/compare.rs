//! What got slower, or larger, since an older run.

use crate::figure::{Better, Figure};
use crate::report::Report;

/// How much of a figure must have changed before that is news.
const NEWS: f64 = 0.10;

/// A figure that is no longer what it was.
#[derive(Debug, PartialEq)]
pub struct Changed<'a> {
    pub old: &'a Figure,
    pub new: &'a Figure,
    /// By how much of what it was, above 0.
    pub by: f64,
}

/// What an older run says about a new one.
#[derive(Debug, Default, PartialEq)]
pub struct Comparison<'a> {
    /// The worst first.
    pub worse: Vec<Changed<'a>>,
    pub better: Vec<Changed<'a>>,
    pub compared: usize,
    /// In which the runs differ themselves.
    pub conditions: Vec<String>,
}

/// Compares what both have. Where a figure has a floor, its ratio to that is compared and not the
/// figure itself: so a machine that is slower today does not count.
pub fn compare<'a>(old: &'a Report, new: &'a Report) -> Comparison<'a> {
    let mut comparison = Comparison {
        conditions: old.conditions.differences(&new.conditions),
        ..Comparison::default()
    };
    for own in new.figures.iter() {
        let Some(before) = old.figures.get(&own.name) else {
            continue;
        };
        let ratio = format!("{}-ratio", own.name);
        if old.figures.get(&ratio).is_some() && new.figures.get(&ratio).is_some() {
            continue;
        }
        comparison.compared += 1;
        if let Some((changed, is_worse)) = changed(before, own) {
            if is_worse {
                comparison.worse.push(changed);
            } else {
                comparison.better.push(changed);
            }
        }
    }
    for list in [&mut comparison.worse, &mut comparison.better] {
        list.sort_by(|one, other| other.by.total_cmp(&one.by));
    }
    comparison
}

/// Whether a figure has changed by more than chance, and whether for the worse.
fn changed<'a>(old: &'a Figure, new: &'a Figure) -> Option<(Changed<'a>, bool)> {
    let (before, now) = (old.spread(), new.spread());
    let difference = now.median - before.median;
    let by = difference.abs() / before.median.abs().max(f64::MIN_POSITIVE);
    let is_news = by > NEWS && difference.abs() > new.unit.noise() && now.is_apart_from(before);
    let is_worse = (difference > 0.0) == (new.better == Better::Less);
    is_news.then_some((Changed { old, new, by }, is_worse))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Figures, Unit};
    use crate::report::Conditions;

    fn report(figures: &[(&str, Unit, Better, &[f64])]) -> Report {
        let mut taken = Figures::default();
        for (name, unit, better, values) in figures {
            for value in *values {
                taken.add(name, *unit, *better, *value);
            }
        }
        Report::new(Conditions::default(), taken, Vec::new())
    }

    fn names(changed: &[Changed]) -> Vec<String> {
        changed.iter().map(|one| one.new.name.clone()).collect()
    }

    #[test]
    fn worse_and_better_depend_on_the_figure() {
        let old = report(&[
            ("a/rps", Unit::PerSecond, Better::More, &[100.0, 101.0]),
            ("b/p50", Unit::Milliseconds, Better::Less, &[1.0, 1.1]),
            ("c/p50", Unit::Milliseconds, Better::Less, &[1.0, 1.1]),
        ]);
        let new = report(&[
            ("a/rps", Unit::PerSecond, Better::More, &[80.0, 81.0]),
            ("b/p50", Unit::Milliseconds, Better::Less, &[0.5, 0.6]),
            ("c/p50", Unit::Milliseconds, Better::Less, &[2.0, 2.1]),
        ]);
        let comparison = compare(&old, &new);
        assert_eq!(names(&comparison.worse), ["c/p50", "a/rps"]);
        assert_eq!(names(&comparison.better), ["b/p50"]);
        assert_eq!(comparison.compared, 3);
    }

    #[test]
    fn what_chance_explains_is_no_news() {
        for (unit, before, now) in [
            (Unit::Milliseconds, &[1.0, 1.1][..], &[1.05, 1.15][..]),
            (Unit::Milliseconds, &[1.0, 1.4], &[1.3, 1.6]),
            (Unit::Milliseconds, &[0.10], &[0.12]),
            (Unit::Kilobytes, &[0.1], &[3.0]),
        ] {
            let old = report(&[("a", unit, Better::Less, before)]);
            let new = report(&[("a", unit, Better::Less, now)]);
            assert!(compare(&old, &new).worse.is_empty(), "{before:?} {now:?}");
        }
    }

    #[test]
    fn where_there_is_a_floor_the_machine_does_not_count() {
        let at = |own: f64, floor: f64| {
            let mut report = report(&[
                ("own/rps", Unit::PerSecond, Better::More, &[own]),
                ("floor/rps", Unit::PerSecond, Better::More, &[floor]),
            ]);
            report.figures.add_ratio("own/rps", "floor/rps");
            report
        };
        let (old, new) = (at(90.0, 100.0), at(45.0, 50.0));
        assert_eq!(names(&compare(&old, &new).worse), ["floor/rps"]);
        let new = at(45.0, 100.0);
        assert_eq!(names(&compare(&old, &new).worse), ["own/rps-ratio"]);
    }

    #[test]
    fn what_only_one_run_has_is_not_compared() {
        let old = report(&[("a", Unit::Ratio, Better::Less, &[1.0])]);
        let new = report(&[("b", Unit::Ratio, Better::Less, &[9.0])]);
        assert_eq!(compare(&old, &new).compared, 0);
    }
}
