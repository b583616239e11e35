//! Values that travel to and from the engines: parameters, columns, rows.

use bytes::BytesMut;
use parlor_model::Millis;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql as PgToSql, Type, to_sql_checked};

use crate::StoreError;

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// NULL of any type.
    Null,
    /// A 64-bit integer.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// Text without NUL.
    Text(&'a str),
}

/// A parameter that outlives its caller.
pub(crate) enum Owned {
    Null,
    Int(i64),
    Bool(bool),
    Text(String),
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(v) => Self::Int(v),
            Value::Bool(v) => Self::Bool(v),
            Value::Text(v) => Self::Text(v.to_owned()),
        }
    }
}

impl Owned {
    pub(crate) fn borrow(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(v) => Value::Int(*v),
            Self::Bool(v) => Value::Bool(*v),
            Self::Text(v) => Value::Text(v),
        }
    }
}

macro_rules! values {
    ($($type:ty: $v:ident => $value:expr;)+) => { $(
        impl<'a> From<$type> for Value<'a> {
            fn from($v: $type) -> Self {
                $value
            }
        }
        impl<'a> From<Option<$type>> for Value<'a> {
            fn from(v: Option<$type>) -> Self {
                v.map_or(Self::Null, Self::from)
            }
        }
    )+ };
}
values! {
    i64: v => Self::Int(v);
    Millis: v => Self::Int(v.0);
    bool: v => Self::Bool(v);
    &'a str: v => Self::Text(v);
    &'a String: v => Self::Text(v);
}
impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(v: &'a Option<String>) -> Self {
        v.as_deref().map_or(Self::Null, Self::Text)
    }
}

/// The parameters of a statement, `$1` first.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::value::Value::from($value)),*] };
}
pub(crate) use params;

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Int(v) => ValueRef::Integer(v),
            Value::Bool(v) => ValueRef::Integer(i64::from(v)),
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
        }))
    }
}

impl PgToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(v) => v.to_sql_checked(ty, out),
            Value::Bool(v) => v.to_sql_checked(ty, out),
            Value::Text(v) => v.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Decided by the value inside, in `to_sql`.
        true
    }

    to_sql_checked!();
}

/// One row of an answer, of either engine.
#[derive(Clone, Copy)]
pub(crate) enum Row<'a> {
    /// Borrowed from the running statement.
    Sqlite(&'a rusqlite::Row<'a>),
    /// Owned by the answer.
    Postgres(&'a tokio_postgres::Row),
}

impl<'a> Row<'a> {
    /// Column `i`, from 0.
    pub(crate) fn get<T: FromColumn>(&self, i: usize) -> Result<T, StoreError> {
        T::from_column(self, i)
    }

    /// Text column `i` without copying it; NULL is `None`.
    pub(crate) fn text(&self, i: usize) -> Result<Option<&'a str>, StoreError> {
        match self {
            Row::Sqlite(row) => match row.get_ref(i)? {
                ValueRef::Null => Ok(None),
                ValueRef::Text(bytes) => {
                    std::str::from_utf8(bytes).map(Some).map_err(|_| StoreError::Shape(i, "text"))
                }
                _ => Err(StoreError::Shape(i, "text")),
            },
            Row::Postgres(row) => row.try_get(i).map_err(|_| StoreError::Shape(i, "text")),
        }
    }

    /// A cursor that reads the columns in order.
    pub(crate) fn columns(self) -> Columns<'a> {
        Columns { row: self, next: 0 }
    }
}

/// Reads a row's columns one after the other; see [`Row::columns`].
pub(crate) struct Columns<'a> {
    row: Row<'a>,
    next: usize,
}

impl Columns<'_> {
    /// The next column.
    #[allow(clippy::should_implement_trait)] // each call may ask for another type
    pub(crate) fn next<T: FromColumn>(&mut self) -> Result<T, StoreError> {
        self.next += 1;
        self.row.get(self.next - 1)
    }
}

/// A type that a column can be read as.
pub(crate) trait FromColumn: Sized {
    /// Reads column `i` of `row`.
    fn from_column(row: &Row<'_>, i: usize) -> Result<Self, StoreError>;
}

impl FromColumn for Option<i64> {
    fn from_column(row: &Row<'_>, i: usize) -> Result<Self, StoreError> {
        match row {
            Row::Sqlite(row) => match row.get_ref(i)? {
                ValueRef::Null => Ok(None),
                ValueRef::Integer(v) => Ok(Some(v)),
                _ => Err(StoreError::Shape(i, "an integer")),
            },
            Row::Postgres(row) => row.try_get(i).map_err(|_| StoreError::Shape(i, "an integer")),
        }
    }
}

impl FromColumn for Option<bool> {
    fn from_column(row: &Row<'_>, i: usize) -> Result<Self, StoreError> {
        match row {
            Row::Sqlite(_) => Ok(Option::<i64>::from_column(row, i)?.map(|v| v != 0)),
            Row::Postgres(row) => row.try_get(i).map_err(|_| StoreError::Shape(i, "a truth value")),
        }
    }
}

impl FromColumn for Option<String> {
    fn from_column(row: &Row<'_>, i: usize) -> Result<Self, StoreError> {
        Ok(row.text(i)?.map(str::to_owned))
    }
}

impl FromColumn for Option<Millis> {
    fn from_column(row: &Row<'_>, i: usize) -> Result<Self, StoreError> {
        Ok(Option::<i64>::from_column(row, i)?.map(Millis))
    }
}

macro_rules! not_null {
    ($($type:ty),*) => { $(
        impl FromColumn for $type {
            fn from_column(row: &Row<'_>, i: usize) -> Result<Self, StoreError> {
                Option::<$type>::from_column(row, i)?.ok_or(StoreError::Shape(i, "present"))
            }
        }
    )* };
}
not_null!(i64, bool, String, Millis);

/// A type that a whole row can be read as.
pub(crate) trait FromRow: Sized {
    /// Reads the row.
    fn from_row(row: Row<'_>) -> Result<Self, StoreError>;
}

macro_rules! tuples {
    ($($($name:ident $i:tt),+;)+) => { $(
        impl<$($name: FromColumn),+> FromRow for ($($name,)+) {
            fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
                Ok(($(row.get::<$name>($i)?,)+))
            }
        }
    )+ };
}
tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}
