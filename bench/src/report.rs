//! The goals, whether they are reached, and how that is shown: a table for people, JSON for the next run.

use std::fmt::Write as _;

use serde::Serialize;

use crate::machine::Machine;
use crate::stats::{Samples, Spread};

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    /// A share, stored as 0 to 1.
    Percent,
    /// A multiple.
    Times,
    /// A plain number.
    Count,
    /// Megabytes of 1,000,000 bytes.
    Megabytes,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    fn number(self, value: f64) -> String {
        match self {
            Self::Percent => format!("{:.1}", value * 100.0),
            Self::Times => format!("{value:.2}"),
            Self::Bytes => format!("{value:.0}"),
            Self::Count | Self::Megabytes | Self::Milliseconds => format!("{value:.1}"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Percent => " %",
            Self::Times => " ×",
            Self::Count => "",
            Self::Megabytes => " MB",
            Self::Milliseconds => " ms",
            Self::Bytes => " B",
        }
    }

    /// A bound, without needless decimals.
    fn bound(self, value: f64) -> String {
        let value = if self == Self::Percent { value * 100.0 } else { value };
        // One decimal too many is cut, so that 0.07 * 100 is 7.
        let text = format!("{value:.2}");
        format!("{}{}", text.trim_end_matches('0').trim_end_matches('.'), self.name())
    }
}

/// One thing that must show.
struct Goal {
    text: &'static str,
    /// Name of the sample.
    name: &'static str,
    unit: Unit,
    /// Whether larger is better.
    more: bool,
    least: f64,
    aim: f64,
}

const fn goal(text: &'static str, name: &'static str, unit: Unit, more: bool, least: f64, aim: f64) -> Goal {
    Goal { text, name, unit, more, least, aim }
}

const GOALS: [Goal; 13] = [
    goal("durable POST, share of the baseline's requests/s", "post_share", Unit::Percent, true, 0.12, 0.20),
    goal("server CPU per message, multiple of the baseline's", "cpu_multiple", Unit::Times, false, 7.5, 5.0),
    goal(
        "1 connection: p50, multiple of (sync + baseline p50)",
        "one_connection",
        Unit::Times,
        false,
        2.0,
        1.3,
    ),
    goal(
        "history of 50, share of the baseline's requests/s",
        "history_share",
        Unit::Percent,
        true,
        0.06,
        0.12,
    ),
    goal("messages/s kept, small to large database", "growth_kept", Unit::Percent, true, 0.85, 0.95),
    goal("write p99, large as a multiple of small", "growth_p99", Unit::Times, false, 1.75, 1.25),
    goal("messages per commit", "sqlite.post.32.per_commit", Unit::Count, true, 8.0, 16.0),
    goal("PostgreSQL, share of SQLite's messages/s", "postgres_share", Unit::Percent, true, 0.40, 0.70),
    goal("memory idle (PSS)", "memory_idle_mb", Unit::Megabytes, false, 20.0, 12.0),
    goal("memory under load (PSS)", "memory_load_mb", Unit::Megabytes, false, 96.0, 64.0),
    goal("start to first accepted message", "start_ms", Unit::Milliseconds, false, 150.0, 60.0),
    goal("size of the program", "binary_mb", Unit::Megabytes, false, 15.0, 10.0),
    goal("bytes on disk per stored 62-byte message", "bytes_per_message", Unit::Bytes, false, 350.0, 220.0),
];

/// How the names of loads begin, in the order of the table.
const SERVERS: [&str; 6] = ["baseline.", "sqlite.", "postgres.", "watched.", "small.", "grown."];

/// How a goal came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Verdict {
    text: &'static str,
    name: &'static str,
    unit: Unit,
    more_is_better: bool,
    measured: Option<Spread>,
    at_least: f64,
    aim: f64,
    reaches_at_least: Option<bool>,
    reaches_aim: Option<bool>,
}

impl Verdict {
    fn of(goal: &Goal, samples: &Samples) -> Self {
        let measured = samples.spread(goal.name);
        let reaches =
            |bound: f64| measured.map(|m| if goal.more { m.median >= bound } else { m.median <= bound });
        Self {
            text: goal.text,
            name: goal.name,
            unit: goal.unit,
            more_is_better: goal.more,
            measured,
            at_least: goal.least,
            aim: goal.aim,
            reaches_at_least: reaches(goal.least),
            reaches_aim: reaches(goal.aim),
        }
    }

    fn cells(&self) -> [String; 6] {
        let sign = if self.more_is_better { "≥ " } else { "≤ " };
        let word = |reached: Option<bool>| match reached {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "–",
        };
        let value = self.measured.map_or_else(
            || "not measured".to_owned(),
            |m| {
                let number = |v| self.unit.number(v);
                format!("{}{} ({}–{})", number(m.median), self.unit.name(), number(m.min), number(m.max))
            },
        );
        [
            self.text.to_owned(),
            value,
            format!("{sign}{}", self.unit.bound(self.at_least)),
            word(self.reaches_at_least).to_owned(),
            format!("{sign}{}", self.unit.bound(self.aim)),
            word(self.reaches_aim).to_owned(),
        ]
    }
}

/// Everything about a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Format of this record.
    pub(crate) version: u32,
    /// Seconds since 1970 when the run ended.
    pub(crate) ended: u64,
    /// On what.
    pub(crate) machine: Machine,
    /// Repetitions asked for.
    pub(crate) reps: u32,
    /// Seconds of each load.
    pub(crate) seconds: u64,
    /// Messages in the large database.
    pub(crate) rows: u64,
    /// Remarks made during the run.
    pub(crate) notes: Vec<String>,
    /// What must show, in the order of the table.
    pub(crate) goals: Vec<Verdict>,
    /// Everything measured.
    pub(crate) figures: Vec<Figure>,
}

/// Anything measured.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    name: String,
    #[serde(flatten)]
    spread: Spread,
}

impl Report {
    /// Judges the figures. `machine` and the rest describe the run.
    pub(crate) fn new(machine: Machine, samples: &Samples) -> Self {
        let figure = |(name, spread): (&str, Spread)| Figure { name: name.to_owned(), spread };
        Self {
            version: 1,
            ended: 0,
            machine,
            reps: 0,
            seconds: 0,
            rows: 0,
            notes: Vec::new(),
            goals: GOALS.iter().map(|goal| Verdict::of(goal, samples)).collect(),
            figures: samples.spreads().map(figure).collect(),
        }
    }

    /// Whether every measured goal reaches what it must at least.
    pub(crate) fn holds(&self) -> bool {
        self.goals.iter().all(|goal| goal.reaches_at_least != Some(false))
    }

    /// The report for people.
    pub(crate) fn text(&self) -> String {
        let m = &self.machine;
        let mut out = format!(
            "\n{} ({} cores), {} MB, Linux {}, load at the start {:.2}\n{} repetitions of {} s; median (smallest–largest)\n\n",
            m.processor, m.cores, m.memory_mb, m.kernel, m.load, self.reps, self.seconds
        );
        let mut figures =
            vec![["figure", "requests/s", "p50 µs", "p99 µs", "server CPU µs each"].map(str::to_owned)];
        for base in self.loads() {
            let cell = |kind: &str, decimals: usize| self.cell(&format!("{base}.{kind}"), decimals);
            figures.push([
                base.to_owned(),
                cell("rps", 0),
                cell("p50_us", 0),
                cell("p99_us", 0),
                cell("cpu_us", 1),
            ]);
        }
        out.push_str(&table(&figures));
        // Writing to a string cannot fail.
        _ = writeln!(
            out,
            "\nappend 4 KiB + fdatasync: p50 {} µs, p99 {} µs",
            self.cell("sync.p50_us", 0),
            self.cell("sync.p99_us", 0)
        );
        if self.loads().contains(&"grown.post.32") {
            _ = writeln!(
                out,
                "grown: {} messages stored before, small: 10000; both in 1000 rooms",
                self.rows
            );
        }
        out.push('\n');
        let head = ["goal (SQLite, 32 connections unless said)", "measured", "at least", "", "aim", ""];
        let mut goals = vec![head.map(str::to_owned)];
        goals.extend(self.goals.iter().map(Verdict::cells));
        out.push_str(&table(&goals));
        for note in &self.notes {
            _ = writeln!(out, "note: {note}");
        }
        out
    }

    /// The names of the loads that were run, in the order of the legs.
    fn loads(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.figures.iter().filter_map(|f| f.name.strip_suffix(".rps")).collect();
        let place = |name: &str| SERVERS.iter().position(|server| name.starts_with(server));
        names.sort_by_key(|name| place(name).unwrap_or(SERVERS.len()));
        names
    }

    fn cell(&self, name: &str, decimals: usize) -> String {
        let found = self.figures.iter().find(|figure| figure.name == name);
        found.map_or_else(
            || "–".to_owned(),
            |f| {
                format!(
                    "{:.decimals$} ({:.decimals$}–{:.decimals$})",
                    f.spread.median, f.spread.min, f.spread.max
                )
            },
        )
    }
}

/// Lines up cells under one another; the first row is the head.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            _ = write!(line, "{cell:<width$}  ");
        }
        _ = writeln!(out, "{}", line.trim_end());
        if number == 0 {
            _ = writeln!(out, "{}", "-".repeat(widths.iter().sum::<usize>() + 2 * (N - 1)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine { processor: "x".to_owned(), cores: 2, memory_mb: 1, kernel: "6".to_owned(), load: 0.0 }
    }

    fn report(values: &[(&str, f64)]) -> Report {
        let mut samples = Samples::default();
        for (name, value) in values {
            samples.add(name, *value);
        }
        Report::new(machine(), &samples)
    }

    fn line(report: &Report, start: &str) -> String {
        report.text().lines().find(|line| line.starts_with(start)).unwrap().to_owned()
    }

    #[test]
    fn more_is_better_for_shares_and_less_for_costs() {
        let report = report(&[("post_share", 0.13), ("cpu_multiple", 8.0)]);
        let share = line(&report, "durable POST");
        assert!(
            share.contains("13.0 % (13.0–13.0)") && share.contains("≥ 12 %  ") && share.contains("yes"),
            "{share}"
        );
        assert!(share.trim_end().ends_with("≥ 20 %    NO"), "{share}");
        let cpu = line(&report, "server CPU per");
        assert!(cpu.contains("8.00 × (") && cpu.contains("≤ 7.5 ×") && !cpu.contains("yes"), "{cpu}");
        assert!(!report.holds());
    }

    #[test]
    fn what_was_not_measured_is_neither_reached_nor_missed() {
        let report = report(&[("post_share", 0.12)]);
        assert!(report.holds());
        assert!(line(&report, "size of the program").contains("not measured"));
    }

    #[test]
    fn bounds_lose_needless_decimals() {
        assert_eq!(Unit::Percent.bound(0.07), "7 %");
        assert_eq!(Unit::Times.bound(1.75), "1.75 ×");
        assert_eq!(Unit::Bytes.bound(350.0), "350 B");
        assert_eq!(Unit::Count.bound(8.0), "8");
    }

    #[test]
    fn loads_are_shown_in_the_order_of_the_legs() {
        let report =
            report(&[("grown.post.32.rps", 1.0), ("baseline.post.32.rps", 2.0), ("small.post.32.rps", 1.0)]);
        assert_eq!(report.loads(), ["baseline.post.32", "small.post.32", "grown.post.32"]);
    }

    #[test]
    fn columns_line_up() {
        let rows = [["a", "bb"], ["cccc", "d"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "a     bb\n--------\ncccc  d\n");
    }

    #[test]
    fn the_json_holds_goals_and_figures() {
        let json = serde_json::to_value(report(&[("sqlite.post.32.rps", 5.0), ("start_ms", 40.0)])).unwrap();
        assert_eq!(json["figures"][0]["name"], "sqlite.post.32.rps");
        assert_eq!(json["figures"][0]["median"], 5.0);
        let start = json["goals"].as_array().unwrap().iter().find(|g| g["name"] == "start_ms").unwrap();
        assert_eq!(start["reaches_aim"], true);
    }
}
