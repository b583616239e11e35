//! What holds for every statement: both engines take it, and `SQLite` answers it from an index.

use std::collections::HashSet;
use std::path::Path;

use parlor_model::Millis;
use parlor_testkit::TestDatabase;
use rusqlite::Connection;
use tempfile::TempDir;

use super::ALL;
use crate::driver::postgres::{ANSWER_LIMIT, PgSession, parse_url};
use crate::driver::sqlite::SqliteSession;
use crate::migrate;
use crate::statement::Statement;

const DANGLING: &str = "only while a reference dangles, and none ever does";

/// Plans that read a whole table: the statement, the plan's line, and why that is right.
const SCANS: &[(&str, &str, &str)] = &[
    ("settings::ALL_VALUES", "SCAN setting USING INDEX sqlite_autoindex_setting_1", "wants the whole table"),
    ("offline::NEWEST", "SCAN offline_message", "walks the key from its end and stops at the limit"),
    ("accounts::INSERT_AUTHOR", "SCAN visitor", DANGLING),
    ("accounts::INSERT_AUTHOR", "SCAN account", DANGLING),
    ("visitors::INSERT_AUTHOR", "SCAN visitor", DANGLING),
    ("visitors::INSERT_AUTHOR", "SCAN account", DANGLING),
];

fn statements() -> impl Iterator<Item = Statement> {
    ALL.iter().flat_map(|module| module.iter().copied())
}

/// The statements with the name of their module.
fn named() -> Vec<(String, Statement)> {
    let modules = modules();
    assert_eq!(modules.len(), ALL.len());
    let of = |(module, all): (&String, &&[Statement])| {
        all.iter().map(|s| (format!("{module}::{}", s.name), *s)).collect::<Vec<_>>()
    };
    modules.iter().zip(ALL).flat_map(of).collect()
}

/// The names of the files beside this one, in the order of [`ALL`].
fn modules() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sql");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: std::path::PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let mut names: Vec<_> = files.map(name).filter(|name| name != "tests").collect();
    names.sort();
    names
}

fn database() -> (TempDir, SqliteSession) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("parlor.db");
    migrate::sqlite(&path, Millis(0)).unwrap();
    let session = SqliteSession::open_writer(&path, 1024).unwrap();
    (folder, session)
}

#[test]
fn every_module_is_in_the_list() {
    let source = include_str!("../sql.rs");
    let listed: Vec<_> =
        source.lines().filter_map(|line| line.trim().strip_suffix("::STATEMENTS,")).collect();
    assert_eq!(listed, modules(), "one entry for each file, in order");
}

#[test]
fn every_statement_prepares_on_both_engines() {
    let (_folder, sqlite) = database();
    let database = TestDatabase::create();
    let config = parse_url(&database.url()).unwrap();
    migrate::postgres(config.clone(), Millis(0)).unwrap();
    let mut postgres = PgSession::new(config, ANSWER_LIMIT).unwrap();
    postgres.ensure_connected().unwrap();
    for (name, statement) in named() {
        let prepared = sqlite.connection().prepare(statement.sql).unwrap_or_else(|e| panic!("{name}: {e}"));
        for i in 1..=prepared.parameter_count() {
            // PostgreSQL goes by the number, SQLite by the order of first uses.
            assert_eq!(prepared.parameter_name(i), Some(format!("${i}").as_str()), "{name}");
        }
        let count = postgres.check(statement).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(count, prepared.parameter_count(), "{name}");
    }
}

#[test]
fn no_statement_compares_with_like() {
    // SQLite's ignores the case of ASCII letters, PostgreSQL's does not.
    for statement in statements() {
        assert!(!statement.sql.contains("LIKE"), "{}", statement.name);
    }
}

/// A few thousand rows, spread as a busy site would.
fn fill(connection: &Connection) {
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)";
    let rows = [
        "author (pk, kind, id, username) SELECT i, 'visitor', 'v' || i, 'guest' FROM n",
        "visitor (id, token, username, status, ts, author, updated_at) \
         SELECT 'v' || i, 't' || i, 'guest', 'online', i, i, i FROM n",
        "room (id, visitor, v_author, v_id, v_username, v_token, v_status, fname, open, seq, rev, last_ts, part, \
         part_seq, msgs, ts, waiting_response, source_type, updated_at) \
         SELECT 'r' || i, i, i, 'v' || i, 'g', 't' || i, 'online', 'g', i % 10 = 0, 2, 3, 0, 1 + i / 200, 1, 0, i, 1, 'api', i FROM n",
        "room_part (room, part, first_seq, first_ts) SELECT i, 1 + i / 200, 1, i FROM n WHERE i > 1",
        "room_part (room, part, first_seq, first_ts) SELECT 1, i, 200 * i - 199, 200 * i - 199 FROM n WHERE i <= 16",
        "message (id, room, part, seq, n, rev, ts, author, msg, hidden) \
         SELECT 'm' || i, i, 1 + i / 200, 1, 1, 1, i, i, '', 0 FROM n",
        "message (id, room, part, seq, n, rev, ts, author, msg, hidden) \
         SELECT 'x' || i, 1, 1 + i / 200, i + 1, i + 1, 1, i, i, '', 0 FROM n",
        "change (room, n, k, message, kind, ts) SELECT i, 3, 1, 'm' || i, 'edited', i FROM n",
        "message_version (message, rev, room, msg, replaced_at) SELECT 'm' || i, 1, i, '', i FROM n",
        "inquiry (id, room, status, ts, updated_at) SELECT 'q' || i, i, 'ready', i, i FROM n",
        "job (kind, payload, state, due, attempts, created_at) SELECT 'mail', '', 'waiting', i, 0, i FROM n",
        "audit (ts, actor_kind, action, target, door) SELECT i, 'visitor', 'a', 'm' || i, 'rest' FROM n",
        "offline_message (id, name, email, message, ts) SELECT i, '', '', '', i FROM n",
    ];
    for row in rows {
        let (table, select) = row.split_once(" SELECT ").unwrap();
        connection.execute_batch(&format!("INSERT INTO {table} {numbers} SELECT {select}")).unwrap();
    }
}

fn plan(connection: &Connection, statement: Statement) -> Vec<String> {
    let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", statement.sql)).unwrap();
    let mut rows = explained.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get(3).unwrap());
    }
    lines
}

/// Fails for a plan that reads a whole table without a reason given above.
fn expect_indexes(connection: &Connection) {
    let known: HashSet<_> =
        SCANS.iter().map(|(name, line, _)| ((*name).to_owned(), (*line).to_owned())).collect();
    let (mut met, mut surprises) = (HashSet::new(), Vec::new());
    for (name, statement) in named() {
        for line in plan(connection, statement) {
            // A row of constants, or the rows of a subquery that has lines of its own.
            let of_no_table = ["SCAN CONSTANT ROW", "SCAN log"].contains(&line.as_str());
            let reads_all = line.starts_with("SCAN") || line.contains("AUTOMATIC");
            if !reads_all || of_no_table {
                continue;
            }
            let scan = (name.clone(), line);
            if known.contains(&scan) {
                met.insert(scan);
            } else {
                surprises.push(scan);
            }
        }
    }
    assert_eq!(surprises, []);
    assert_eq!(met, known, "some of them no longer scan");
}

#[test]
fn no_statement_reads_a_whole_table() {
    let (_folder, session) = database();
    fill(session.connection());
    expect_indexes(session.connection());
}

#[test]
fn history_is_read_in_order_and_not_sorted() {
    let (_folder, session) = database();
    fill(session.connection());
    for name in ["messages::PAGE", "messages::LAST"] {
        let (_, statement) = named().into_iter().find(|(n, _)| n == name).unwrap();
        let plan = plan(session.connection(), statement);
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{name}: {plan:?}");
    }
}

#[test]
fn statistics_do_not_change_that() {
    let (_folder, session) = database();
    fill(session.connection());
    session.connection().execute_batch("ANALYZE").unwrap();
    expect_indexes(&Connection::open(session.connection().path().unwrap()).unwrap());
}

/// Deleting a row makes the engine look for rows that refer to it; a plan does not show that.
#[test]
fn every_reference_to_a_table_that_rows_leave_has_an_index() {
    let (_folder, session) = database();
    let connection = session.connection();
    let text = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut missing = Vec::new();
    for table in text("SELECT name FROM sqlite_schema WHERE type = 'table'") {
        let led: Vec<_> = text(&format!(
            "SELECT c.name FROM pragma_index_list('{table}') i, pragma_index_info(i.name) c WHERE c.seqno = 0"
        ));
        for parent in text(&format!("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list('{table}')")) {
            if !statements().any(|s| s.sql.contains(&format!("DELETE FROM {parent} "))) {
                continue;
            }
            let columns = format!(
                "SELECT \"from\" FROM pragma_foreign_key_list('{table}') WHERE \"table\" = '{parent}'"
            );
            missing.extend(
                text(&columns)
                    .into_iter()
                    .filter(|c| !led.contains(c))
                    .map(|c| format!("{table}.{c} → {parent}")),
            );
        }
    }
    assert_eq!(missing, [""; 0]);
}
