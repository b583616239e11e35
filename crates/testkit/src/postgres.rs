//! Databases for tests on a `PostgreSQL` server that runs already; each test has one of its own.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::NoTls;

/// Names the server: the URL of a database from which others may be made.
pub const URL_VARIABLE: &str = "PARLOR_TEST_POSTGRES_URL";
const LIMIT: Duration = Duration::from_secs(30);

/// An empty database that nobody else uses; it is dropped, with every connection to it, when this is.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// Makes a database on the server that `PARLOR_TEST_POSTGRES_URL` names. Blocks; may be called anywhere, also
    /// within an async task.
    ///
    /// # Panics
    ///
    /// When the variable is missing, or the server does not do it within 30 s.
    pub fn create() -> Self {
        let server = std::env::var(URL_VARIABLE).unwrap_or_else(|_| {
            panic!(
                "{URL_VARIABLE} is not set: run `make test`, or `scripts/with-postgres.sh cargo nextest run`"
            )
        });
        let name = format!("parlor_test_{:016x}", RandomState::new().build_hasher().finish());
        if let Err(error) = run(&server, format!("CREATE DATABASE {name}")) {
            panic!("a database for this test: {error}");
        }
        Self { server, name }
    }

    /// The database's URL.
    pub fn url(&self) -> String {
        at_database(&self.server, &self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped = run(&self.server, format!("DROP DATABASE {} WITH (FORCE)", self.name));
        // A second panic would hide the first.
        if let Err(error) = dropped
            && !std::thread::panicking()
        {
            panic!("dropping {}: {error}", self.name);
        }
    }
}

/// `url` with another database; what follows a `?` stays.
fn at_database(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, String::new()), |(a, o)| (a, format!("?{o}")));
    let host = address.find("://").map_or(0, |i| i + 3);
    let end = address[host..].find('/').map_or(address.len(), |i| host + i);
    format!("{}/{name}{options}", &address[..end])
}

/// Runs one statement on a thread of its own, because the caller's may belong to a runtime already.
fn run(server: &str, sql: String) -> Result<(), String> {
    let config: tokio_postgres::Config = server.parse().map_err(|e| format!("{URL_VARIABLE}: {e}"))?;
    let body = move || -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let work = async {
            let (client, connection) = config.connect(NoTls).await?;
            let (done, _) = tokio::join!(
                async move {
                    let done = client.batch_execute(&sql).await;
                    drop(client);
                    done
                },
                connection
            );
            done
        };
        let ended = runtime.map_err(|e| e.to_string())?.block_on(async { timeout(LIMIT, work).await });
        ended.map_err(|_| format!("no answer in {LIMIT:?}"))?.map_err(explained)
    };
    std::thread::spawn(body).join().unwrap_or_else(|_| Err("the thread panicked".into()))
}

fn explained(error: tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_database_differs_from_the_servers_in_its_name_alone() {
        let url = |server| at_database(server, "x");
        assert_eq!(url("postgres://a@127.0.0.1:5/postgres"), "postgres://a@127.0.0.1:5/x");
        assert_eq!(url("postgres://127.0.0.1"), "postgres://127.0.0.1/x");
        assert_eq!(url("postgres://h/p?sslmode=disable&a=/b"), "postgres://h/x?sslmode=disable&a=/b");
    }

    #[test]
    fn a_database_is_there_until_it_is_dropped() {
        let database = TestDatabase::create();
        let url = database.url();
        run(&url, "CREATE TABLE mine (a INTEGER)".into()).unwrap();
        run(&TestDatabase::create().url(), "CREATE TABLE mine (a INTEGER)".into()).unwrap();
        drop(database);
        let after = run(&url, "SELECT 1".into()).unwrap_err();
        assert!(after.contains("does not exist"), "{after}");
    }

    #[tokio::test]
    async fn a_database_can_be_made_and_dropped_within_a_task() {
        drop(TestDatabase::create());
    }
}
