//! The command line: what a person can ask of the binary, and what is said to them.
//!
//! Owns commands, help, exit codes and every text that goes to the terminal. Must not decide what a configuration
//! means nor how the server works.
//!
//! Exit codes: 0 done; 1 the command failed; 2 the command line or the configuration is wrong.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, ConfigErrors, ENV_FILE, ENV_SETTING, GlobalFlags, KEYS, Key, Loaded};
use crate::{migrate, serve};

const DONE: u8 = 0;
const FAILED: u8 = 1;
const WRONG: u8 = 2;

const ABOUT: &str = "\
Parlor is a live-chat server: visitors of your site write, your people answer. It is one binary that keeps its data \
in an SQLite file or a PostgreSQL server.";

const EXAMPLES: &str = "\
Examples:
  parlor serve --demo
      Try it: sample data in ./data/demo, nothing to set up.
  parlor serve --listen 127.0.0.1:8080 --public-url https://chat.example.com
      Serve behind a proxy, with an SQLite file in ./data.
  PARLOR_DATABASE_URL=postgres://parlor:password@db/parlor parlor serve
      Serve with a PostgreSQL server.";

#[derive(Parser)]
#[command(
    name = "parlor",
    version,
    about = ABOUT,
    max_term_width = 100,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = format!("{EXAMPLES}\n\n{}", variables())
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: GlobalFlags,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until it is told to stop
    #[command(after_help = format!("{EXAMPLES}\n\n{}", variables()))]
    Serve(Serve),
    /// Bring the database to the schema of this release, and say from which version to which
    ///
    /// `serve` does the same when it starts; this command is for those who want it apart.
    Migrate,
    /// Show or check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Args)]
struct Serve {
    /// Serve sample data, kept in a folder of its own (./data/demo) unless one is named
    #[arg(long)]
    demo: bool,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print the configuration in force as TOML, with where each value came from; passwords are hidden
    Print {
        /// Print the example file instead: every key and setting, with its default and what it is for
        #[arg(long)]
        defaults: bool,
    },
    /// Say whether the configuration is fine, or everything that is wrong with it
    Check,
}

/// Runs the command of this process.
pub(crate) fn main() -> ExitCode {
    // What is not UTF-8 shows by the replacement characters, and is refused where it is ours.
    let environment = std::env::vars_os()
        .map(|(name, text)| (name.to_string_lossy().into_owned(), text.to_string_lossy().into_owned()));
    match run(std::env::args_os(), environment, &mut io::stdout(), &mut io::stderr()) {
        Ok(code) => ExitCode::from(code),
        // Who reads our output may stop early, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "parlor: cannot write: {error}");
            ExitCode::from(FAILED)
        }
    }
}

/// Runs one command, given its words and the environment; returns the exit code. Fails only if it cannot write.
fn run(
    words: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (String, String)>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<u8> {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            let text = error.render();
            if error.use_stderr() { write!(err, "{text}") } else { write!(out, "{text}") }?;
            return Ok(u8::try_from(error.exit_code()).unwrap_or(WRONG));
        }
    };
    let load = |demo| Config::load(&cli.flags, environment, demo);
    match cli.command {
        Command::Serve(Serve { demo }) => match load(demo) {
            Ok(loaded) => report(serve::run(loaded, demo).map(|()| String::new()), out, err),
            Err(errors) => refuse(&errors, err),
        },
        Command::Migrate => match load(false) {
            Ok(loaded) => report(migrate::run(loaded), out, err),
            Err(errors) => refuse(&errors, err),
        },
        Command::Config(ConfigCommand::Print { defaults: true }) => say(&config::example(), out),
        Command::Config(ConfigCommand::Print { defaults: false }) => match load(false) {
            Ok(loaded) => say(&config::effective(&loaded), out),
            Err(errors) => refuse(&errors, err),
        },
        Command::Config(ConfigCommand::Check) => match load(false) {
            Ok(loaded) => say(&fine(&loaded), out),
            Err(errors) => refuse(&errors, err),
        },
    }
}

fn say(text: &str, out: &mut dyn Write) -> io::Result<u8> {
    out.write_all(text.as_bytes())?;
    Ok(DONE)
}

/// Says what a command answered, or the failure with its causes.
fn report(
    result: Result<String, Box<dyn std::error::Error>>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<u8> {
    match result {
        Ok(text) if text.is_empty() => Ok(DONE),
        Ok(text) => say(&format!("{text}\n"), out),
        Err(error) => {
            write!(err, "parlor: {error}")?;
            let mut cause = error.source();
            while let Some(error) = cause {
                write!(err, ": {error}")?;
                cause = error.source();
            }
            writeln!(err)?;
            Ok(FAILED)
        }
    }
}

fn refuse(errors: &ConfigErrors, err: &mut dyn Write) -> io::Result<u8> {
    match errors.problems() {
        [_] => writeln!(err, "parlor: the configuration has a problem:")?,
        many => writeln!(err, "parlor: the configuration has {} problems:", many.len())?,
    }
    for problem in errors.problems() {
        writeln!(err, "  {problem}")?;
    }
    Ok(WRONG)
}

fn fine(loaded: &Loaded) -> String {
    let mut text = "configuration is fine\n".to_owned();
    for line in config::sources(loaded).lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// The part of the help that names every variable of the environment.
fn variables() -> String {
    const COLUMNS: usize = 3;
    let mut text =
        "Environment (over the file, below the flags; an empty variable counts as not given):\n".to_owned();
    let names: Vec<String> =
        [ENV_FILE.to_owned()].into_iter().chain(KEYS.iter().map(Key::variable)).collect();
    for row in names.chunks(COLUMNS) {
        for name in row {
            let _ = write!(text, "  {name:<29}");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    let _ = writeln!(text, "  {ENV_SETTING}<id>=<value> overrules a setting of chats.");
    text.push_str("\n`parlor config print --defaults` explains every key and setting.");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Said {
        code: u8,
        out: String,
        err: String,
    }

    fn said(words: &[&str], environment: &[(&str, &str)]) -> Said {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let words = ["parlor"].iter().chain(words).map(OsString::from);
        let environment = environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let code = run(words, environment, &mut out, &mut err).unwrap();
        Said { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    }

    #[test]
    fn help_names_every_variable_and_command() {
        for words in [&["--help"][..], &["serve", "--help"]] {
            let help = said(words, &[]);
            assert_eq!((help.code, help.err.as_str()), (DONE, ""));
            for key in KEYS {
                assert!(help.out.contains(&format!(" {}", key.variable())), "{}", key.name);
            }
            assert!(help.out.contains("Examples:\n"));
        }
        let help = said(&["--help"], &[]).out;
        for command in ["serve", "migrate", "config"] {
            assert!(help.contains(&format!("\n  {command} ")), "{command}");
        }
    }

    #[test]
    fn the_examples_of_the_help_are_taken() {
        let lines = EXAMPLES.lines().filter_map(|line| line.split_once("parlor serve"));
        let mut count = 0;
        for (_, flags) in lines {
            let words = ["parlor", "serve"].into_iter().chain(flags.split_whitespace());
            assert!(Cli::try_parse_from(words).is_ok(), "{flags}");
            count += 1;
        }
        assert_eq!(count, 3);
    }

    #[test]
    fn the_version_is_that_of_the_package() {
        assert_eq!(said(&["--version"], &[]).out, format!("parlor {}\n", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn flags_are_taken_before_and_after_the_command() {
        for words in
            [["--listen", "127.0.0.1:7", "config", "print"], ["config", "print", "--listen", "127.0.0.1:7"]]
        {
            let printed = said(&words, &[("PARLOR_LISTEN", "127.0.0.1:8")]);
            assert_eq!(printed.code, DONE, "{}", printed.err);
            assert!(printed.out.contains("\nlisten = \"127.0.0.1:7\"  # --listen\n"), "{}", printed.out);
        }
    }

    #[test]
    fn check_says_that_all_is_fine_and_where_it_looked() {
        let check = said(&["config", "check", "--data-dir", "x"], &[("PARLOR_THREADS", "3"), ("HOME", "/")]);
        assert_eq!(check.code, DONE);
        assert_eq!(
            check.out,
            "configuration is fine\n  file:        none\n  environment: PARLOR_THREADS\n  flags:       --data-dir\n"
        );
    }

    #[test]
    fn every_command_refuses_a_wrong_configuration_with_code_2() {
        for words in
            [&["config", "check"][..], &["config", "print"], &["serve"], &["serve", "--demo"], &["migrate"]]
        {
            let refused = said(words, &[("PARLOR_THREADS", "0"), ("PARLOR_LISTN", "x")]);
            assert_eq!((refused.code, refused.out.as_str()), (WRONG, ""), "{words:?}");
            assert_eq!(
                refused.err,
                "parlor: the configuration has 2 problems:\n  \
                 PARLOR_LISTN: unknown variable; did you mean PARLOR_LISTEN?\n  \
                 PARLOR_THREADS: 0 is refused; expected a whole number from 1 to 512\n"
            );
        }
        assert_eq!(said(&["config", "print", "--defaults"], &[("PARLOR_THREADS", "0")]).code, DONE);
    }

    #[test]
    fn a_wrong_command_line_has_code_2() {
        let refused = said(&["serv"], &[]);
        assert_eq!((refused.code, refused.out.as_str()), (WRONG, ""));
        assert!(refused.err.contains("serve"), "{}", refused.err);
    }
}
