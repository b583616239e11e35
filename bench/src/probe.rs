//! What one synchronous write costs on this disk right now.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::error::{Doing, Result};
use crate::stats::percentile;

const CALLS: usize = 1_000;

/// Time of "append 4 KiB, fdatasync", in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct SyncCost {
    /// Half of the calls took no longer.
    pub(crate) p50: f64,
    /// 99 of 100 took no longer.
    pub(crate) p99: f64,
}

impl SyncCost {
    /// How far the p50 moved to `after`, as a share of the smaller (0.25 = a quarter).
    pub(crate) fn moved(self, after: Self) -> f64 {
        let (low, high) = (self.p50.min(after.p50), self.p50.max(after.p50));
        if low > 0.0 { high / low - 1.0 } else { 0.0 }
    }
}

/// Appends 4 KiB and calls fdatasync, 1,000 times, in a file of its own in `folder`, which is removed.
pub(crate) fn sync_cost(folder: &Path) -> Result<SyncCost> {
    let path = folder.join("sync-probe");
    let mut times = Vec::with_capacity(CALLS);
    let mut file = File::create(&path).doing(path.display())?;
    let block = [0x5a; 4096];
    for _ in 0..CALLS {
        let start = Instant::now();
        file.write_all(&block).and_then(|()| file.sync_data()).doing(path.display())?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    drop(file);
    fs::remove_file(&path).doing(path.display())?;
    times.sort_by(f64::total_cmp);
    Ok(SyncCost { p50: percentile(&times, 0.50), p99: percentile(&times, 0.99) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn movement_is_the_same_in_both_directions() {
        let (slow, fast) = (SyncCost { p50: 250.0, p99: 0.0 }, SyncCost { p50: 200.0, p99: 0.0 });
        assert!((slow.moved(fast) - 0.25).abs() < 1e-9);
        assert!((fast.moved(slow) - 0.25).abs() < 1e-9);
    }

    #[test]
    fn the_probe_cleans_up() {
        let folder = tempfile::tempdir().unwrap();
        let cost = sync_cost(folder.path()).unwrap();
        assert!(cost.p50 > 0.0 && cost.p50 <= cost.p99);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
