//! On what a run was measured.

use std::fs;
use std::path::Path;

use serde::Serialize;

const TMPFS: u64 = 0x0102_1994;

/// The machine, in words for a report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// Model of the processor.
    pub(crate) processor: String,
    /// Cores this process may use.
    pub(crate) cores: usize,
    /// Memory in MB.
    pub(crate) memory_mb: u64,
    /// Release of the kernel.
    pub(crate) kernel: String,
    /// Load of the last minute when the run began; anything above 0.5 makes figures doubtful.
    pub(crate) load: f64,
}

impl Machine {
    /// What this machine is, as far as it tells.
    pub(crate) fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores,
            memory_mb: field(&read("/proc/meminfo"), "MemTotal")
                .and_then(|value| value.strip_suffix("kB")?.trim().parse::<u64>().ok())
                .map_or(0, |kib| kib * 1024 / 1_000_000),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: read("/proc/loadavg").split(' ').next().and_then(|v| v.parse().ok()).unwrap_or(0.0),
        }
    }
}

/// The value of the first line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim().to_owned())
    })
}

/// Whether a folder lies in memory, where syncing costs nothing.
pub(crate) fn in_memory(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|disk| u64::try_from(disk.f_type).is_ok_and(|kind| kind == TMPFS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "model\t\t: 7\nmodel name\t: Fast CPU: 3 GHz\nmodel name\t: second\n";
        assert_eq!(field(text, "model name").as_deref(), Some("Fast CPU: 3 GHz"));
        assert_eq!(field(text, "name"), None);
    }
}
