use super::*;
use crate::driver::Session;
use crate::driver::postgres::{ANSWER_LIMIT, parse_url};
use crate::driver::sqlite::SqliteSession;
use crate::migrate;
use crate::statement::statements;
use parlor_testkit::TestDatabase;

statements! {
    INSERT = "INSERT INTO setting (id, value, updated_at) VALUES ($1, $2, $3) RETURNING id";
    COUNT = "SELECT COUNT(*) FROM setting";
    SPLIT = "SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT)";
    BROKEN = "SELECT nothing FROM nowhere";
}

/// Runs `case` with a session that may write and one that may read, on both engines.
fn on_both(case: impl Fn(&mut Session, &mut Session)) {
    assert_eq!(STATEMENTS.len(), 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parlor.db");
    migrate::sqlite(&path, Millis(0)).unwrap();
    let writer = SqliteSession::open_writer(&path, 1024).unwrap();
    let reader = SqliteSession::open_reader(&path, 1024).unwrap();
    case(&mut Session::Sqlite(writer), &mut Session::Sqlite(reader));

    let database = TestDatabase::create();
    let config = parse_url(&database.url()).unwrap();
    migrate::postgres(config.clone(), Millis(0)).unwrap();
    let mut sessions = [0, 1].map(|_| {
        let session = PgSession::new(config.clone(), ANSWER_LIMIT).unwrap();
        let mut session = Session::Postgres(Box::new(session));
        session.ensure_connected().unwrap();
        session
    });
    let [writer, reader] = &mut sessions;
    case(writer, reader);
}

fn count(session: &Session) -> i64 {
    session.begin_read().unwrap();
    let (n,) = ReadTx::new(session.engine()).one(COUNT, &[]).unwrap();
    session.rollback();
    n
}

#[test]
fn a_reading_transaction_cannot_write() {
    on_both(|_, reader| {
        reader.begin_read().unwrap();
        let mut tx = ReadTx::new(reader.engine());
        let written = tx.all::<(String,)>(INSERT, params!["a", "b", 1_i64]);
        assert!(
            matches!(&written, Err(StoreError::Engine(text)) if text.to_lowercase().contains("read")),
            "{written:?}"
        );
        assert_eq!(tx.take_failure(), written.err());
        reader.rollback();
        assert_eq!(count(reader), 0);
    });
}

#[test]
fn every_kind_of_value_round_trips() {
    on_both(|writer, _| {
        writer.begin_read().unwrap();
        let mut tx = ReadTx::new(writer.engine());
        for (a, b, c) in [
            (Some(i64::MIN), Some(i64::MAX), Some("Žofie 🦜")),
            (None, Some(0), Some("")),
            (Some(-1), None, None),
        ] {
            let row: (Option<i64>, Option<i64>, Option<String>) = tx.one(SPLIT, params![a, b, c]).unwrap();
            assert_eq!(row, (a, b, c.map(String::from)));
        }
        writer.rollback();
    });
}

#[test]
fn a_column_of_another_shape_is_reported_with_its_number() {
    on_both(|writer, _| {
        writer.begin_read().unwrap();
        let mut tx = ReadTx::new(writer.engine());
        let params: &[Value<'_>] = params![Value::Null, 2_i64, "x"];
        let null = tx.one::<(i64, i64, String)>(SPLIT, params);
        assert_eq!(null, Err(StoreError::Shape(0, "present")));
        let text = tx.one::<(Option<i64>, i64, i64)>(SPLIT, params);
        assert_eq!(text, Err(StoreError::Shape(2, "an integer")));
        let number = tx.one::<(Option<i64>, String)>(SPLIT, params);
        assert_eq!(number, Err(StoreError::Shape(1, "text")));
        writer.rollback();
    });
}

#[test]
fn what_is_rolled_back_to_a_savepoint_is_gone_and_the_rest_stays() {
    on_both(|writer, reader| {
        let add = |id: &str| ReadTx::new(writer.engine()).one::<(String,)>(INSERT, params![id, "v", 1_i64]);
        writer.begin_write(true).unwrap();
        for (id, keep) in [("1", true), ("2", false), ("1", false), ("3", true)] {
            writer.savepoint().unwrap();
            assert_eq!(add(id).is_ok(), id != "1" || keep);
            if keep { writer.release().unwrap() } else { writer.rollback_to().unwrap() }
        }
        assert_eq!(count_in(writer), 2);
        writer.commit().unwrap();
        assert!(!writer.in_transaction());
        assert_eq!(count(reader), 2);
    });
}

fn count_in(session: &Session) -> i64 {
    ReadTx::new(session.engine()).one::<(i64,)>(COUNT, &[]).unwrap().0
}

#[test]
fn a_statement_that_cannot_be_prepared_harms_its_caller_alone() {
    on_both(|writer, reader| {
        let add = |id: &str| ReadTx::new(writer.engine()).one::<(String,)>(INSERT, params![id, "v", 1_i64]);
        writer.begin_write(true).unwrap();
        writer.savepoint().unwrap();
        add("1").unwrap();
        writer.release().unwrap();
        // The first statement of the second caller, and of the third, which comes last.
        for _ in 0..2 {
            writer.savepoint().unwrap();
            assert!(ReadTx::new(writer.engine()).all::<(i64,)>(BROKEN, &[]).is_err());
            writer.rollback_to().unwrap();
        }
        writer.commit().unwrap();
        assert_eq!(count(reader), 1);
    });
}

#[test]
fn a_transaction_that_is_given_up_leaves_nothing() {
    on_both(|writer, reader| {
        for end in [true, false] {
            writer.begin_write(true).unwrap();
            if end {
                ReadTx::new(writer.engine()).one::<(String,)>(INSERT, params!["1", "v", 1_i64]).unwrap();
            }
            assert!(writer.in_transaction());
            writer.rollback();
            assert!(!writer.in_transaction());
            assert_eq!(count(reader), 0);
        }
    });
}
