//! What `/proc` says about a server: CPU time used, memory held, and who its children are.

use std::fs;
use std::time::Duration;

use crate::error::{Doing, Error, Result};

/// The parts of `/proc/PID/stat` that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// User and system time of the process, in ticks.
    own: u64,
    /// The same of its children that have ended and were waited for.
    ended_children: u64,
}

/// Reads `/proc/PID/stat`. The name in brackets may hold spaces and brackets itself.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // The first of them is field 3 of proc(5).
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: number(14)? + number(15)?,
        ended_children: number(16)? + number(17)?,
    })
}

/// Reads the `Pss:` line of `/proc/PID/smaps_rollup`, in bytes.
fn parse_pss(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

fn stat(pid: u32) -> Result<Stat> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).doing(&path)?;
    parse_stat(&text).ok_or_else(|| Error::Failed(format!("{path} is not as expected: {text}")))
}

fn time(ticks: u64) -> Duration {
    // Both are small numbers.
    #[allow(clippy::cast_precision_loss)]
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// User and system time that a process has used, all its threads together.
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    stat(pid).map(|stat| time(stat.own))
}

/// User and system time of a process and all its children, living or ended.
pub(crate) fn cpu_of_family(pid: u32) -> Result<Duration> {
    let head = stat(pid)?;
    let mut ticks = head.own + head.ended_children;
    for entry in fs::read_dir("/proc").doing("/proc")?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end while we look; its time then counts with its parent.
        if let Ok(stat) = stat(child)
            && stat.parent == pid
        {
            ticks += stat.own;
        }
    }
    Ok(time(ticks))
}

/// Memory of a process in bytes, shared pages counted by their share.
pub(crate) fn pss(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).doing(&path)?;
    parse_pss(&text).ok_or_else(|| Error::Failed(format!("{path} has no Pss line")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_past_brackets_and_spaces_in_the_name() {
        let text = "42 (a (b) c) S 7 42 42 0 -1 4194560 1100 0 0 0 150 25 3 4 20 0 5 0 999 1000000 300\n";
        assert_eq!(parse_stat(text), Some(Stat { parent: 7, own: 175, ended_children: 7 }));
    }

    #[test]
    fn a_broken_stat_is_no_stat() {
        assert_eq!(parse_stat(""), None);
        assert_eq!(parse_stat("42 (x) S 7 42"), None);
        assert_eq!(parse_stat("42 (x) S 7 42 42 0 -1 1 1 0 0 0 a b 3 4 20"), None);
    }

    #[test]
    fn pss_is_read_from_the_rollup_in_bytes() {
        let text =
            "55d0-7ffd ---p 00000000 00:00 0  [rollup]\nRss:   9000 kB\nPss:   7168 kB\nPss_Dirty: 1 kB\n";
        assert_eq!(parse_pss(text), Some(7_168 * 1024));
        assert_eq!(parse_pss("Rss: 5 kB\n"), None);
    }

    #[test]
    fn this_process_has_used_some_memory() {
        assert!(pss(std::process::id()).unwrap() > 100_000);
        assert!(cpu_of_family(std::process::id()).unwrap() >= cpu(std::process::id()).unwrap());
    }
}
