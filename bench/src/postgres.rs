//! A PostgreSQL cluster of our own, with the durability it has by default, removed afterwards.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::bench::remove_folder;
use crate::child::Child;
use crate::error::{Doing, Error, Result, Stop, failed};
use crate::servers::{free_port, wait_until};

const USER: &str = "postgres";
/// How the names of clusters' folders begin; the process id of their bench follows.
const PREFIX: &str = "parlor-bench-pg-";

/// An initialised cluster, not running.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    logs: PathBuf,
    /// Whom to become: its programs refuse to run as root.
    identity: Option<(u32, u32)>,
}

/// A running cluster.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    /// The postmaster; every other process of the cluster is its child.
    pub(crate) child: Child,
    port: u16,
    cluster: &'a Cluster,
}

impl Cluster {
    /// Makes one on the file system of `near`.
    pub(crate) fn create(near: &Path, logs: &Path, stop: &Stop) -> Result<Self> {
        let programs = newest_programs(Path::new("/usr/lib/postgresql"))?;
        let identity = if rustix::process::geteuid().is_root() { Some(account()?) } else { None };
        let folder = place(near, identity)?;
        let cluster = Self { folder, programs, logs: logs.to_owned(), identity };
        let mut initdb = cluster.command("initdb");
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--username", USER, "-D"]);
        initdb.arg(cluster.data());
        cluster.finish("initdb", initdb, stop)?;
        Ok(cluster)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of PostgreSQL's programs, as the user it wants.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match self.identity {
            None => Command::new(program),
            Some((uid, gid)) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", &uid.to_string(), "--regid", &gid.to_string(), "--clear-groups"]);
                // Should we be killed, the server must not stay behind.
                command.args(["--pdeathsig", "INT", "--"]);
                command.arg(program);
                command
            }
        };
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a program to its end.
    fn finish(&self, name: &str, command: Command, stop: &Stop) -> Result<()> {
        let mut child = Child::spawn_logged(name, command, &self.logs)?;
        let status = child.wait(Duration::from_secs(120), || stop.check())?;
        if status.success() {
            Ok(())
        } else {
            failed(format!("{name} ended with {status}; {}", child.log_tail()))
        }
    }

    /// Starts it with default settings: on this machine only, no socket file.
    pub(crate) fn start(&self, stop: &Stop) -> Result<Running<'_>> {
        let port = free_port()?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &port.to_string()]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        // These are the defaults; they are what makes the comparison fair, so they are said.
        command.args(["-c", "fsync=on", "-c", "synchronous_commit=on"]);
        let mut child = Child::spawn_logged("postgres", command, &self.logs)?.with_farewell(Signal::INT);
        let ready = || {
            let mut probe = self.command("pg_isready");
            probe.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
            probe.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        wait_until(&mut child, stop, Duration::from_millis(50), ready)?;
        Ok(Running { child, port, cluster: self })
    }
}

impl Running<'_> {
    /// Makes an empty database and gives its address.
    pub(crate) fn database(&self, name: &str, stop: &Stop) -> Result<String> {
        let mut command = self.cluster.command("createdb");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER, name]);
        self.cluster.finish("createdb", command, stop)?;
        Ok(format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port))
    }

    /// Ends it; whoever is still connected is cut off.
    pub(crate) fn stop(self) -> Result<()> {
        self.child.stop(Signal::INT)
    }
}

/// The `bin` folder of the newest installed version.
fn newest_programs(root: &Path) -> Result<PathBuf> {
    let versions = fs::read_dir(root).into_iter().flatten().flatten();
    let found = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        programs.join("initdb").exists().then_some((version, programs))
    });
    match found.max() {
        Some((_, programs)) => Ok(programs),
        None => failed("PostgreSQL's server is not installed; scripts/install-bench-deps.sh installs it"),
    }
}

/// The numbers of the account `postgres`.
fn account() -> Result<(u32, u32)> {
    let text = fs::read_to_string("/etc/passwd").doing("/etc/passwd")?;
    parse_account(&text).ok_or_else(|| Error::Failed(format!("there is no account {USER}")))
}

fn parse_account(text: &str) -> Option<(u32, u32)> {
    let line = text.lines().find_map(|line| line.strip_prefix(USER)?.strip_prefix(':'))?;
    let mut fields = line.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// A folder for the cluster on the same file system as `near`, in a place its account can reach.
fn place(near: &Path, identity: Option<(u32, u32)>) -> Result<TempDir> {
    let device = fs::metadata(near).doing(near.display())?.dev();
    for parent in [near, Path::new("/var/tmp"), Path::new("/tmp")] {
        let same_disk = fs::metadata(parent).is_ok_and(|m| m.dev() == device);
        if !same_disk || (identity.is_some() && !open_to_everyone(parent)) {
            continue;
        }
        remove_stale(parent)?;
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent).doing(parent.display())?;
        if let Some((uid, gid)) = identity {
            chown(folder.path(), Some(uid), Some(gid)).doing(folder.path().display())?;
        }
        return Ok(folder);
    }
    failed(format!(
        "the account {USER} can reach neither {} nor a temporary folder on the same disk",
        near.display()
    ))
}

/// Removes the clusters of benches that were killed: their names tell whose they were.
fn remove_stale(parent: &Path) -> Result<()> {
    for entry in fs::read_dir(parent).doing(parent.display())?.flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether every folder down to `path` may be entered by any account.
fn open_to_everyone(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    path.ancestors().all(|folder| fs::metadata(folder).is_ok_and(|m| m.permissions().mode() & 0o001 != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_found_by_its_whole_name() {
        let text =
            "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:105:112:x:/var:/bin/bash\n";
        assert_eq!(parse_account(text), Some((105, 112)));
        assert_eq!(parse_account("root:x:0:0::/root:/bin/sh\n"), None);
    }

    #[test]
    fn the_newest_version_is_taken_by_number() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "lib"] {
            let programs = root.path().join(version).join("bin");
            fs::create_dir_all(&programs).unwrap();
            fs::write(programs.join("initdb"), "").unwrap();
        }
        assert_eq!(newest_programs(root.path()).unwrap(), root.path().join("15/bin"));
        assert!(newest_programs(&root.path().join("none")).is_err());
    }

    #[test]
    fn only_clusters_of_dead_benches_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        // No process has a number this large.
        let (dead, alive) = (format!("{PREFIX}4000000000-x"), format!("{PREFIX}{}-x", std::process::id()));
        for name in [&dead, &alive, &"other".to_owned()] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        remove_stale(parent.path()).unwrap();
        assert!(!parent.path().join(dead).exists());
        assert!(parent.path().join(alive).exists() && parent.path().join("other").exists());
    }

    #[test]
    fn a_closed_folder_is_not_open_to_everyone() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!open_to_everyone(folder.path()));
        assert!(open_to_everyone(Path::new("/")));
    }
}
