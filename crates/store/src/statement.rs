//! Statements as values: only the macro of this module makes them, so that a test can prepare every one on both engines.

/// One SQL statement in the portable subset. Parameters are `$1`, `$2`, … with first uses in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Declares statements and the list of them that the tests walk.
macro_rules! statements {
    ($( $(#[$meta:meta])* $name:ident = $sql:expr; )+) => {
        $( $(#[$meta])* pub(crate) const $name: $crate::statement::Statement =
            $crate::statement::Statement { name: stringify!($name), sql: $sql }; )+
        /// Every statement of this module.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[$crate::statement::Statement] = &[$($name),+];
    };
}
pub(crate) use statements;
