//! The one table of what an operator can configure.
//!
//! Owns every key with its type, range, default and explanation; parsing, printing, the example file, the flags, the
//! help and the suggestions are all driven by it. Must not read files or the environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use super::layers::Resolver;
use super::secret::Secret;
use super::value::{
    DatabaseUrl, LogFilter, LogFormat, MailAddress, Password, PublicId, PublicUrl, Range, Shape, SmtpUrl,
    Username, Value,
};

/// What every variable of ours begins with.
pub(crate) const ENV_PREFIX: &str = "PARLOR_";
/// The variable that names the file; the one variable of ours that is no key.
pub(crate) const ENV_FILE: &str = "PARLOR_CONFIG";
/// What a variable that overrules a setting begins with; the id of the setting follows.
pub(crate) const ENV_SETTING: &str = "OVERWRITE_SETTING_";
/// The table of the file that overrules settings.
pub(crate) const SETTINGS: &str = "settings";

/// What is known about a key apart from its value.
#[derive(Debug)]
pub(crate) struct Key {
    /// The key in the file; the variable follows from it.
    pub(crate) name: &'static str,
    /// The heading under which it stands.
    pub(crate) group: &'static str,
    /// What it does, for people.
    pub(crate) text: &'static str,
    /// The value where nobody gives one.
    pub(crate) fallback: Fallback,
    /// The numbers allowed, where it is a number.
    pub(crate) range: Range,
    /// Its flag, without the two dashes; `None` if it has none.
    pub(crate) flag: Option<&'static str>,
    /// How it is written in the file.
    pub(crate) shape: Shape,
    /// Whether its text may not be repeated.
    pub(crate) secret: bool,
    /// What stands for the value in help.
    pub(crate) value_name: &'static str,
    /// What the value must be, to follow the word "expected".
    expects: fn(&Range) -> String,
}

/// The value of a key that nobody gave.
#[derive(Debug)]
pub(crate) enum Fallback {
    /// Always the same.
    Fixed(&'static str),
    /// No value.
    Absent {
        /// What it could be.
        sample: &'static str,
    },
    /// Follows from the machine or from other keys.
    Derived {
        /// What it follows from, for people.
        means: &'static str,
        /// What it could be.
        sample: &'static str,
        /// Computes it.
        make: fn(&Known) -> String,
    },
}

/// What a derived default may follow from.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Whether the server runs with sample data.
    pub(crate) demo: bool,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// Texts in force of the keys that stand further up in the table, by name.
    pub(crate) texts: std::collections::HashMap<&'static str, String>,
}

impl Known {
    fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }
}

impl Key {
    /// The environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("{ENV_PREFIX}{}", self.name.to_ascii_uppercase())
    }

    /// What the value must be, to follow the word "expected".
    pub(crate) fn expects(&self) -> String {
        (self.expects)(&self.range)
    }

    /// The key of a name; `None` for an unknown one.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }
}

macro_rules! keys {
    ($( $group:literal { $(
        $(#[doc = $doc:literal])+ $field:ident : $type:ty = $default:expr $(, in $range:expr)? $(, flag $flag:literal)? ;
    )+ } )+) => {
        /// The configuration in force: every key with its value.
        #[allow(clippy::doc_markdown, reason = "people read the texts of keys as they are")]
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct Config {
            $( $( $(#[doc = $doc])+ pub(crate) $field: $type, )+ )+
            /// Settings of the contract that the operator overrules: id and text form, each known and valid. Some of them
            /// are secrets.
            pub(crate) settings: Vec<(&'static str, Secret)>,
        }

        /// Every key, in the order of the documents. A derived default follows only from keys above it.
        pub(crate) static KEYS: &[Key] = &[ $( $( {
            let key = Key {
                name: stringify!($field),
                group: $group,
                text: concat!($($doc),+),
                fallback: $default,
                range: None,
                flag: None,
                shape: <$type as Value>::SHAPE,
                secret: <$type as Value>::SECRET,
                value_name: <$type as Value>::NAME,
                expects: <$type as Value>::expects,
            };
            $( let key = Key { range: Some($range), ..key }; )?
            $( let key = Key { flag: Some($flag), ..key }; )?
            key
        }, )+ )+ ];

        impl Config {
            /// Reads every key from the layers; `None` if a problem was noted for any of them.
            pub(super) fn resolve(from: &mut Resolver) -> Option<Self> {
                // All are read before the first is given up, so that every problem is noted.
                $( $( let $field = from.value::<$type>(stringify!($field)); )+ )+
                let settings = from.settings();
                Some(Self { $( $( $field: $field?, )+ )+ settings })
            }

            /// A key's value as written in a file, without secrets; `None` where it is not set.
            pub(super) fn show(&self, name: &str) -> Option<toml::Value> {
                match name { $( $( stringify!($field) => self.$field.show(), )+ )+ _ => None }
            }
        }
    };
}

use Fallback::{Absent, Derived, Fixed};

keys! {
    "Addresses" {
        /// Where visitors and agents reach the server.
        listen: SocketAddr = Fixed("0.0.0.0:3000"), flag "listen";
        /// The address of this server as browsers see it, for links and mails.
        public_url: PublicUrl = Derived {
            means: "http://localhost:<port of listen>",
            sample: "https://chat.example.com",
            make: |known| {
                let port = known.text("listen").parse::<SocketAddr>().map_or(3000, |address| address.port());
                format!("http://localhost:{port}")
            },
        }, flag "public-url";
        /// Where Prometheus fetches metrics. It has no access control: keep it on an inner address.
        metrics_listen: Option<SocketAddr> = Absent { sample: "127.0.0.1:9100" };
        /// Proxies whose `X-Forwarded-For` is believed; without any, a visitor's address is that of the connection.
        trusted_proxies: Vec<IpNet> = Fixed("");
    }
    "Storage" {
        /// The folder for everything this server keeps on disk.
        data_dir: PathBuf = Derived {
            means: "./data; with --demo ./data/demo",
            sample: "./data",
            make: |known| if known.demo { "./data/demo".to_owned() } else { "./data".to_owned() },
        }, flag "data-dir";
        /// The database: an SQLite file, or a PostgreSQL server. A password is better kept in the file or the
        /// environment than in the flag, which other users of the machine can read.
        database_url: DatabaseUrl = Derived {
            means: "sqlite:<data_dir>/parlor.db",
            sample: "sqlite:./data/parlor.db",
            make: |known| format!("sqlite:{}", Path::new(known.text("data_dir")).join("parlor.db").display()),
        }, flag "database-url";
        /// Connections that write to PostgreSQL; SQLite always has one.
        db_writers: usize = Fixed("2"), in 1..=16;
        /// Threads that read from the database, each with a connection.
        db_readers: usize = Derived {
            means: "the number of cores",
            sample: "4",
            make: |known| known.cores.clamp(1, 64).to_string(),
        }, in 1..=64;
        /// Memory in MiB for the SQLite page cache: three quarters for the writer, the rest for all readers together.
        db_cache_mb: usize = Fixed("32"), in 1..=4096;
        /// Commands that may wait to be written; further ones are answered 503.
        queue_limit: usize = Fixed("1024"), in 1..=65_536;
    }
    "Mail" {
        /// The mail server that takes our mail. Without one no mail is sent.
        smtp_url: Option<SmtpUrl> = Absent { sample: "smtp://user:password@mail.example.com:587" };
        /// The sender of our mail, required with `smtp_url`.
        smtp_from: Option<MailAddress> = Absent { sample: "chat@example.com" };
    }
    "Administrator" {
        /// Username of an administrator who is made at the start if no account has that name.
        admin_username: Option<Username> = Absent { sample: "admin" };
        /// Their password, for the first login.
        admin_password: Option<Password> = Absent { sample: "a long sentence of your own" };
        /// Their mail address.
        admin_email: Option<MailAddress> = Absent { sample: "admin@example.com" };
        /// Their id, for automated set-ups.
        admin_id: Option<PublicId> = Absent { sample: "rocketchat.admin" };
    }
    "Limits" {
        /// Worker threads for connections and requests.
        threads: usize = Derived {
            means: "the number of cores",
            sample: "4",
            make: |known| known.cores.clamp(1, 512).to_string(),
        }, in 1..=512;
        /// Connections that may be open at the same time.
        max_connections: usize = Fixed("10000"), in 1..=1_000_000;
        /// The largest request body in bytes.
        max_body_bytes: usize = Fixed("262144"), in 1024..=16_777_216;
        /// Seconds after which an unanswered request is given up.
        request_timeout_secs: u64 = Fixed("30"), in 1..=3600;
        /// Seconds that running requests get to finish when the server is stopped.
        drain_secs: u64 = Fixed("10"), in 0..=3600;
    }
    "Log" {
        /// What is logged.
        log: LogFilter = Fixed("info");
        /// How a line of the log is written.
        log_format: LogFormat = Fixed("text");
    }
}
