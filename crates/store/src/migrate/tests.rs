use super::*;
use crate::driver::postgres::parse_url;
use parlor_testkit::TestDatabase;
use tempfile::TempDir;

const NOW: Millis = Millis(1_700_000_000_000);

/// The real migrations and six small ones.
fn steps(count: usize) -> Steps {
    let (core, text) = MIGRATIONS.0[0];
    let mut all = vec![(core, text)];
    for name in ["one", "two", "three", "four", "five", "six"] {
        let sql =
            format!("CREATE TABLE later_{name} (a {{int}} PRIMARY KEY, b {{bool}}, c {{text}}) {{strict}};");
        all.push((name, sql.leak()));
    }
    all.truncate(count);
    Steps(all.leak())
}

const PLENTY: FreeSpace = |_| Ok(u64::MAX);
const NOTHING: FreeSpace = |_| Ok(4096);

fn file() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("parlor.db");
    (folder, path)
}

fn tables(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'later%' ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_snapshot_holds_what_was_there_before_the_first_change() {
    let (_folder, path) = file();
    sqlite_with(&path, NOW, steps(1), PLENTY).unwrap();
    let insert = "INSERT INTO setting (id, value, updated_at) VALUES ('a', 'Žofie', 1)";
    Connection::open(&path).unwrap().execute_batch(insert).unwrap();
    let migrated = sqlite_with(&path, NOW, steps(3), PLENTY).unwrap();
    let snapshot = migrated.snapshot.clone().unwrap();
    assert_eq!((migrated.from, migrated.to), (1, 3));
    assert_eq!(snapshot, path.with_file_name("parlor.db.before-0002"));
    assert_eq!(tables(&snapshot), [""; 0]);
    assert_eq!(tables(&path), ["later_one", "later_two"]);
    // It is a whole database: the program that made it can be started on it.
    let again = sqlite_with(&snapshot, NOW, steps(1), PLENTY).unwrap();
    assert_eq!(again, Migrated { from: 1, to: 1, snapshot: None });
    let kept = "SELECT value FROM setting WHERE id = 'a'";
    let value: String = Connection::open(&snapshot).unwrap().query_row(kept, [], |row| row.get(0)).unwrap();
    assert_eq!(value, "Žofie");
}

#[test]
fn the_last_three_snapshots_are_kept() {
    let (folder, path) = file();
    for count in 1..=6 {
        sqlite_with(&path, NOW, steps(count), PLENTY).unwrap();
    }
    let kept = ["parlor.db", "parlor.db.before-0004", "parlor.db.before-0005", "parlor.db.before-0006"];
    assert_eq!(names(&folder), kept);
}

#[test]
fn a_snapshot_that_was_cut_short_is_replaced() {
    let (folder, path) = file();
    sqlite_with(&path, NOW, steps(1), PLENTY).unwrap();
    std::fs::write(path.with_file_name("parlor.db.snapshot-unfinished"), "half a").unwrap();
    sqlite_with(&path, NOW, steps(2), PLENTY).unwrap();
    assert_eq!(names(&folder), ["parlor.db", "parlor.db.before-0002"]);
}

#[test]
fn without_the_disk_for_a_snapshot_nothing_is_migrated() {
    let (folder, path) = file();
    sqlite_with(&path, NOW, steps(1), NOTHING).unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = sqlite_with(&path, NOW, steps(2), NOTHING).unwrap_err().to_string();
    assert!(refused.contains("snapshot") && refused.contains("MiB free"), "{refused}");
    assert_eq!(names(&folder), ["parlor.db"]);
    assert!(std::fs::read(&path).unwrap() == before, "the file was changed");
    assert_eq!(sqlite_with(&path, NOW, steps(1), NOTHING).unwrap().from, 1);
    assert_eq!(sqlite_with(&path, NOW, steps(2), PLENTY).unwrap().to, 2);
}

#[test]
fn a_current_file_needs_neither_disk_nor_snapshot() {
    let (folder, path) = file();
    sqlite_with(&path, NOW, steps(2), NOTHING).unwrap();
    let again = sqlite_with(&path, NOW, steps(2), NOTHING).unwrap();
    assert_eq!(again, Migrated { from: 2, to: 2, snapshot: None });
    assert_eq!(names(&folder), ["parlor.db"]);
}

#[test]
fn a_migration_that_fails_leaves_the_version_before_it() {
    let broken: &'static [_] =
        [steps(2).0, &[("broken", "CREATE TABLE half (a {int}) {strict}; nonsense")]].concat().leak();
    let (_folder, path) = file();
    assert!(sqlite_with(&path, NOW, Steps(broken), PLENTY).is_err());
    assert_eq!(sqlite_with(&path, NOW, steps(2), PLENTY).unwrap().from, 2);
    assert_eq!(tables(&path), ["later_one"]);

    let database = TestDatabase::create();
    let config = parse_url(&database.url()).unwrap();
    assert!(postgres_with(config.clone(), NOW, Steps(broken)).is_err());
    assert_eq!(postgres_with(config, NOW, steps(2)).unwrap().from, 2);
}

#[test]
fn an_older_database_is_brought_up_to_date_on_a_server() {
    let database = TestDatabase::create();
    let config = parse_url(&database.url()).unwrap();
    let migrate = |count| postgres_with(config.clone(), NOW, steps(count)).unwrap();
    let done = |from, to| Migrated { from, to, snapshot: None };
    assert_eq!(migrate(1), done(0, 1));
    assert_eq!(migrate(4), done(1, 4));
    assert_eq!(migrate(4), done(4, 4));
}

#[test]
fn a_file_is_made_with_the_folders_above_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a/b/parlor.db");
    assert_eq!(sqlite(&path, NOW).unwrap().from, 0);
    assert!(path.exists());
}

#[test]
fn the_real_disk_is_asked_for_its_free_space() {
    let folder = TempDir::new().unwrap();
    assert!(free_space(folder.path()).unwrap() > 0);
    assert!(free_space(&folder.path().join("none")).is_err());
}

#[test]
fn no_word_in_braces_is_left_unexpanded() {
    for (name, sql) in MIGRATIONS.0 {
        for text in [for_sqlite(sql), for_postgres(sql)] {
            assert!(!text.contains(['{', '}']), "{name}");
        }
    }
}
