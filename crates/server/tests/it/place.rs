//! Where a server keeps its data, and what stands there, read past the server.

use std::path::Path;

use parlor_testkit::TestDatabase;
use parlor_testkit::postgres::URL_VARIABLE;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::PATIENCE;
use crate::server::Setup;

/// A folder and, with `PostgreSQL`, a database; both vanish when dropped.
pub(crate) struct Place {
    folder: TempDir,
    database: Option<TestDatabase>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self { folder: TempDir::new().expect("a folder"), database: None }
    }

    pub(crate) fn postgres() -> Self {
        assert!(std::env::var_os(URL_VARIABLE).is_some(), "run scripts/with-postgres.sh cargo nextest run");
        Self { database: Some(TestDatabase::create()), ..Self::sqlite() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> Option<&TestDatabase> {
        self.database.as_ref()
    }

    /// A server on this data.
    pub(crate) fn setup(&self) -> Setup {
        let setup = Setup::new(self.folder());
        match &self.database {
            Some(database) => setup.env("PARLOR_DATABASE_URL", database.url()),
            None => setup,
        }
    }

    /// What a query finds: each column as text, `NULL` as the empty text.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        match &self.database {
            Some(database) => {
                timeout(PATIENCE, postgres_rows(&database.url(), sql)).await.expect("rows in time")
            }
            None => sqlite_rows(&self.folder().join("parlor.db"), sql),
        }
    }

    /// Waits until a query finds exactly this row.
    pub(crate) async fn wait_for(&self, sql: &str, row: &[&str]) {
        let found = async {
            while self.rows(sql).await != [row] {
                tokio::task::yield_now().await;
            }
        };
        let waited = timeout(PATIENCE, found).await;
        assert!(waited.is_ok(), "no {row:?} in {PATIENCE:?}: {sql}");
    }

    /// The database server's processes that serve connections to this data now; none with `SQLite`, where they end with
    /// ours.
    pub(crate) async fn others(&self) -> Vec<String> {
        if self.database.is_none() {
            return Vec::new();
        }
        let all =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.rows(all).await.into_iter().flatten().collect()
    }

    /// Waits until these are gone: what a killed server had asked for is done by then, or never will be.
    pub(crate) async fn wait_until_gone(&self, processes: &[String]) {
        let gone = async {
            while self.others().await.iter().any(|other| processes.contains(other)) {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, gone).await.expect("the database server notices that its client is gone");
    }

    /// Fails unless every room's changes are gapless (sends and what was done later make up 1, 2, … rev), its messages
    /// have the numbers 1, 2, … seq, and it counts what it shows.
    pub(crate) async fn rooms_are_gapless(&self) {
        let rooms = self.rows("SELECT pk, id, seq, rev, msgs FROM room ORDER BY pk").await;
        assert!(!rooms.is_empty(), "there are rooms");
        for room in rooms {
            let (pk, id) = (&room[0], &room[1]);
            let union = format!(
                "SELECT n FROM (SELECT n FROM message WHERE room = {pk} UNION ALL \
                 SELECT n FROM change WHERE room = {pk}) AS log ORDER BY n"
            );
            counts_up_to(&self.rows(&union).await, &room[3], &format!("changes of room {id}"));
            let numbers = format!("SELECT seq FROM message WHERE room = {pk} ORDER BY seq");
            counts_up_to(&self.rows(&numbers).await, &room[2], &format!("messages of room {id}"));
            let shown = format!("SELECT COUNT(*) FROM message WHERE room = {pk} AND removed_at IS NULL");
            assert_eq!(self.rows(&shown).await[0][0], room[4], "room {id} counts what it shows");
        }
    }
}

fn counts_up_to(numbers: &[Vec<String>], last: &str, what: &str) {
    let last: usize = last.parse().expect("a number");
    let wanted = (1..=last).map(|n| n.to_string());
    let found = numbers.iter().map(|row| row[0].clone());
    assert!(wanted.eq(found), "{what} are not 1 to {last}: {numbers:?}");
}

fn sqlite_rows(file: &Path, sql: &str) -> Vec<Vec<String>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the file");
    connection.busy_timeout(PATIENCE).expect("a patient reader");
    let mut statement = connection.prepare(sql).expect("a query");
    let columns = statement.column_count();
    let text = |value: ValueRef<'_>| match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
    };
    let rows = statement.query_map([], |row| (0..columns).map(|i| row.get_ref(i).map(text)).collect());
    rows.expect("an answer").collect::<Result<_, _>>().expect("rows")
}

async fn postgres_rows(url: &str, sql: &str) -> Vec<Vec<String>> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    let driver = tokio::spawn(connection);
    let found = client.simple_query(sql).await.expect("an answer");
    drop(client);
    driver.await.expect("the connection's task").expect("a connection that ends well");
    let text = |row: tokio_postgres::SimpleQueryRow| {
        (0..row.len()).map(|i| row.get(i).unwrap_or_default().to_owned()).collect()
    };
    let row = |message| if let SimpleQueryMessage::Row(row) = message { Some(text(row)) } else { None };
    found.into_iter().filter_map(row).collect()
}
