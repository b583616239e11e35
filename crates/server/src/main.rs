//! The `parlor` binary: a live-chat server for the visitors of a site and those who answer them.

mod cli;
mod config;
mod migrate;
mod serve;
mod storage;

fn main() -> std::process::ExitCode {
    cli::main()
}
