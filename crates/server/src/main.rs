//! The `parlor` binary: a live-chat server for the visitors of a site and those who answer them.

mod cli;
mod config;
mod migrate;
mod serve;
mod storage;

/// The system's allocator stood out in profiles of a send; see `docs/performance.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
