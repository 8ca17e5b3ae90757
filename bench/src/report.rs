//! A whole run, as it is written to a file.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::figure::Figures;
use crate::targets::{TargetResult, judge};

/// Of the file; another one is not compared.
const FORMAT: u32 = 1;

/// What a run has found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    pub format: u32,
    pub conditions: Conditions,
    pub targets: Vec<TargetResult>,
    pub figures: Figures,
    /// Why some of them are no good.
    #[serde(default)]
    pub remarks: Vec<String>,
}

/// Where, with what and how it was made.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// When it began, as in RFC 3339.
    pub at: String,
    /// Which source; empty where git does not say.
    pub source: String,
    pub host: String,
    pub load: String,
    pub machine: String,
    pub system: String,
    /// How many programs wanted a processor in the minute before.
    pub busy: Option<f64>,
    pub rounds: usize,
    pub seconds: u32,
}

impl Report {
    pub fn new(conditions: Conditions, figures: Figures, remarks: Vec<String>) -> Self {
        Self {
            format: FORMAT,
            conditions,
            targets: judge(&figures),
            figures,
            remarks,
        }
    }

    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let report: Self = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} was not written by `cargo xtask bench --json`",
                file.display()
            )
        })?;
        ensure!(
            report.format == FORMAT,
            "{} has format {}, and this reads {FORMAT}: measure the older component anew",
            file.display(),
            report.format
        );
        Ok(report)
    }

    pub fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        std::fs::write(file, text + "\n")
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Conditions {
    /// In what two runs differ that makes their figures different too.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let pairs = [
            ("host", &self.host, &other.host),
            ("load", &self.load, &other.load),
            ("machine", &self.machine, &other.machine),
            ("system", &self.system, &other.system),
        ];
        let mut differences: Vec<_> = pairs
            .into_iter()
            .filter(|(_, old, new)| old != new)
            .map(|(what, old, new)| format!("{what}: {old}, now {new}"))
            .collect();
        let rounds = |one: &Self| format!("{} rounds of {} s", one.rounds, one.seconds);
        if rounds(self) != rounds(other) {
            differences.push(format!("{}, now {}", rounds(self), rounds(other)));
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Better, Unit};

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let file = folder.path().join("report.json");
        let mut figures = Figures::default();
        figures.add("size/sam-callback/file", Unit::Kilobytes, Better::Less, 1.5);
        let report = Report::new(
            Conditions::default(),
            figures,
            vec!["one failed".to_owned()],
        );
        report.write(&file).expect("written");
        let read = Report::read(&file).expect("a report");
        assert_eq!(read.figures, report.figures);
        assert_eq!(read.targets, report.targets);
        assert_eq!(read.targets.len(), 1);
        assert_eq!(read.remarks, ["one failed"]);

        std::fs::write(&file, "{}").expect("written");
        let error = format!("{:#}", Report::read(&file).expect_err("no report"));
        assert!(error.contains("cargo xtask bench --json"), "{error}");
    }

    #[test]
    fn runs_on_different_machines_say_so() {
        let here = Conditions {
            machine: "two cores".to_owned(),
            rounds: 5,
            ..Conditions::default()
        };
        let there = Conditions {
            machine: "four cores".to_owned(),
            at: "later".to_owned(),
            ..here.clone()
        };
        assert!(here.differences(&here).is_empty());
        let differences = here.differences(&there);
        assert_eq!(differences, ["machine: two cores, now four cores"]);
    }
}
