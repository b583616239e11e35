use super::*;
use crate::statement::Statement;
use parlor_testkit::TestDatabase;

const ENDLESS: Statement = Statement { name: "ENDLESS", sql: "SELECT pg_sleep(3600)" };
const ONE: Statement = Statement { name: "ONE", sql: "SELECT 1" };
const LIMIT: Duration = Duration::from_millis(200);

fn session(database: &TestDatabase, limit: Duration) -> PgSession {
    let mut session = PgSession::new(parse_url(&database.url()).unwrap(), limit).unwrap();
    session.ensure_connected().unwrap();
    session
}

#[test]
fn a_connection_that_does_not_answer_in_time_is_replaced() {
    let database = TestDatabase::create();
    let mut session = session(&database, LIMIT);
    session.begin_read().unwrap();
    assert!(matches!(session.query(ENDLESS, &[]), Err(StoreError::Down(_))));
    // Nothing more is sent over it, not even the end of the transaction.
    assert!(matches!(session.query(ONE, &[]), Err(StoreError::Down(text)) if text == "not connected"));
    session.rollback();
    session.ensure_connected().unwrap();
    session.begin_read().unwrap();
    assert_eq!(session.query(ONE, &[]).unwrap().len(), 1);
    session.rollback();
}

#[test]
fn a_commit_without_an_answer_in_time_is_unknown() {
    let database = TestDatabase::create();
    let session = session(&database, LIMIT);
    session.begin_write(true).unwrap();
    session.later(ENDLESS.sql);
    assert_eq!(session.commit(), Err(StoreError::Unknown));
    assert!(!session.in_transaction());
}

#[test]
fn a_failed_commit_leaves_no_transaction_behind() {
    let database = TestDatabase::create();
    let session = session(&database, ANSWER_LIMIT);
    session.begin_write(true).unwrap();
    session.query(ONE, &[]).unwrap();
    session.later("SELECT 1 / 0");
    assert!(matches!(session.commit(), Err(StoreError::Engine(_))));
    session.rollback();
    session.begin_write(true).unwrap();
    assert_eq!(session.query(ONE, &[]).unwrap().len(), 1);
    session.commit().unwrap();
}

#[test]
fn an_unreachable_server_is_down_whatever_the_cause() {
    let database = TestDatabase::create();
    let missing = database.url().replace("parlor_test_", "parlor_none_");
    // The discard port, where nobody listens.
    for url in [missing.as_str(), "postgres://127.0.0.1:9/x"] {
        let mut session = PgSession::new(parse_url(url).unwrap(), ANSWER_LIMIT).unwrap();
        let refused = session.ensure_connected();
        assert!(matches!(refused, Err(StoreError::Down(_))), "{url}: {refused:?}");
    }
}

#[test]
fn a_bad_url_is_refused_without_repeating_it() {
    let refused = parse_url("postgres://ann:secret@host:port/x").unwrap_err().to_string();
    assert!(!refused.contains("secret"), "{refused}");
}
