//! A full disk: said clearly, survived without loss, and over as soon as there is room.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use http::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::rest::Api;
use crate::server::{BINARY, Setup};

const WRITERS: usize = 8;
const TOKEN: &str = "careful";
const FULL: &str = "The server's disk is full; nothing was stored [error-storage-full]";

/// A disk of 16 MB: memory that is mounted in a namespace of a process of its own, so that it is gone with that process
/// whatever happens to the test. The server runs in that namespace; the test reaches in through the process's root.
struct SmallDisk {
    holder: Child,
    point: TempDir,
    /// How to enter the namespace.
    enter: &'static [&'static str],
}

/// The ways to a namespace of one's own, and into it. Whoever is not root becomes the root of a world of their own.
const WORLDS: [[&[&str]; 2]; 2] = [
    [&["--mount"], &["--mount"]],
    [&["--user", "--map-root-user", "--mount"], &["--user", "--preserve-credentials", "--mount"]],
];

impl SmallDisk {
    async fn mount() -> Self {
        let mut complaints = String::new();
        for [leave, enter] in WORLDS {
            let point = TempDir::new().expect("a mount point");
            let script = "mount -t tmpfs -o size=16m,mode=0777 tmpfs \"$0\" && echo mounted && exec cat";
            let mut holder = Command::new("unshare")
                .args(leave)
                .args(["sh", "-c", script])
                .arg(point.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .expect("unshare starts");
            let mut told = BufReader::new(holder.stdout.take().expect("its output is piped")).lines();
            let line =
                timeout(PATIENCE, told.next_line()).await.expect("a word in time").expect("its output");
            if line.as_deref() == Some("mounted") {
                return Self { holder, point, enter };
            }
            let ended =
                timeout(PATIENCE, holder.wait_with_output()).await.expect("its end").expect("its end");
            complaints.push_str(&String::from_utf8_lossy(&ended.stderr));
        }
        panic!("this test needs to mount a small disk, as root or in a user namespace:\n{complaints}");
    }

    fn setup(&self) -> Setup {
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &self.id()]).args(self.enter).arg("--").arg(BINARY);
        Setup::run_by(enter, self.point.path()).open()
    }

    fn id(&self) -> String {
        self.holder.id().expect("it runs").to_string()
    }

    fn file(&self, name: &str) -> PathBuf {
        let inside = self.point.path().strip_prefix("/").expect("an absolute path");
        Path::new("/proc").join(self.id()).join("root").join(inside).join(name)
    }

    /// Takes room: at most this many bytes, and less only if there is no more.
    fn blow_up(&self, name: &str, mut bytes: usize) {
        let mut balloon = File::create(self.file(name)).expect("a balloon");
        // Ever smaller, so that not even a page is left.
        for size in [64 * 1024, 4096, 1] {
            let air = vec![0; size];
            while bytes >= size {
                match balloon.write_all(&air) {
                    Ok(()) => bytes -= size,
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("blowing up a balloon: {error}"),
                }
            }
        }
    }

    fn burst(&self, name: &str) {
        std::fs::remove_file(self.file(name)).expect("the balloon is there");
    }
}

/// What several writers sent until the first was refused: ids that were acknowledged, in order for each writer.
async fn write_until_full(api: &Api, rid: &str, wave: usize) -> Vec<Vec<String>> {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (api, rid) = (api.clone(), rid.to_owned());
        writers.spawn(async move {
            let mut kept = Vec::new();
            // More than the disk holds.
            for n in 0..16_384 / WRITERS {
                let id = format!("wave{wave}writer{writer}number{n}");
                let answer = api.message(TOKEN, &rid, &id, &"so many words ".repeat(150)).await;
                if answer.status != StatusCode::OK {
                    answer.refused(503, FULL);
                    assert_eq!(answer.json()["errorType"], "error-storage-full");
                    assert_eq!(answer.header("retry-after"), "1");
                    return (writer, kept);
                }
                kept.push(id);
            }
            panic!("the disk was never full");
        });
    }
    let mut ended = timeout(PATIENCE * 2, writers.join_all()).await.expect("a full disk in time");
    ended.sort();
    ended.into_iter().map(|(_, kept)| kept).collect()
}

/// Fails unless exactly the acknowledged messages are there, each writer's in order.
async fn all_is_there(api: &Api, rid: &str, waves: &[Vec<Vec<String>>]) {
    let history = api.history(TOKEN, rid).await;
    let found: Vec<&str> =
        history.iter().filter(|m| m["t"].is_null()).filter_map(|m| m["_id"].as_str()).collect();
    let acknowledged: usize = waves.iter().flatten().map(Vec::len).sum();
    assert_eq!(
        found.len(),
        acknowledged,
        "what was refused is not there, what was acknowledged is there once"
    );
    for (wave, writers) in waves.iter().enumerate() {
        for (writer, ids) in writers.iter().enumerate() {
            let mark = format!("wave{wave}writer{writer}number");
            let mine = found.iter().copied().filter(|id| id.starts_with(&mark));
            assert!(
                mine.eq(ids.iter().map(String::as_str)),
                "writer {writer} finds all of its messages in order"
            );
        }
    }
}

/// Everything a visitor can read goes on while nothing can be written.
async fn reads_go_on(api: &Api, rid: &str, waves: &[Vec<Vec<String>>]) {
    for path in ["/health/live", "/api/v1/livechat/config", &format!("/api/v1/livechat/visitor/{TOKEN}")] {
        api.get(path).await.ok();
    }
    all_is_there(api, rid, waves).await;
    let offline = json!({ "name": "Ana", "email": "ana@example.org", "message": "too much ".repeat(2000) });
    // Room that a refused batch had taken in the log serves smaller ones, for a while.
    for _ in 0..1000 {
        let answer = api.post("/api/v1/livechat/offline.message", &offline).await;
        if answer.status != StatusCode::OK {
            return answer.refused(503, FULL);
        }
    }
    panic!("the disk was never full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_writes_clearly_and_loses_nothing() {
    const MB: usize = 1 << 20;
    let disk = SmallDisk::mount().await;
    let mut server = disk.setup().start().await;
    let api = server.api();
    let rid = api.visitor_with_room(TOKEN).await;
    disk.blow_up("large", 8 * MB);
    let mut waves = vec![write_until_full(&api, &rid, 0).await];
    assert!(waves[0].iter().all(|kept| kept.len() > 10), "at first there was room: {waves:?}");
    disk.blow_up("rest", usize::MAX);
    waves.push(write_until_full(&api, &rid, 1).await);
    reads_go_on(&api, &rid, &waves).await;

    // Room again: the same server goes on at once, until the disk is full once more.
    disk.burst("rest");
    disk.burst("large");
    disk.blow_up("smaller", 6 * MB);
    waves.push(write_until_full(&api, &rid, 2).await);
    assert!(waves[2].iter().all(|kept| kept.len() > 10), "writing went on: {waves:?}");
    reads_go_on(&api, &rid, &waves).await;

    server.kill9().await;
    disk.burst("smaller");
    let mut server = disk.setup().start().await;
    let api = server.api();
    all_is_there(&api, &rid, &waves).await;
    api.message(TOKEN, &rid, "afterTheFlood", "hello again").await.ok();
    waves.push(write_until_full(&api, &rid, 3).await);
    assert!(waves[3].iter().all(|kept| kept.len() > 10), "writing goes on after a restart: {waves:?}");
    // A full disk does not keep a server from ending well.
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_cannot_make_its_file_says_so_and_ends() {
    let disk = SmallDisk::mount().await;
    disk.blow_up("all", usize::MAX);
    let mut server = disk.setup().launch();
    let status = server.wait().await;
    let said = server.err.whole().await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("no space left"), "{said}");
    assert_eq!(server.out.whole().await, "", "it never said that it listens");
}
