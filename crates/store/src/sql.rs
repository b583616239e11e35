//! Every statement of the product, by what it is about. A module holds its statements and the functions that run them.

pub mod accounts;
pub mod audit;
pub mod jobs;
pub mod messages;
pub mod offline;
pub mod rooms;
pub mod settings;
pub mod visitors;

/// Every statement, for the tests that prepare and plan each of them.
#[cfg(test)]
pub(crate) const ALL: &[&[crate::statement::Statement]] = &[
    accounts::STATEMENTS,
    audit::STATEMENTS,
    jobs::STATEMENTS,
    messages::STATEMENTS,
    offline::STATEMENTS,
    rooms::STATEMENTS,
    settings::STATEMENTS,
    visitors::STATEMENTS,
];

#[cfg(test)]
mod tests;
