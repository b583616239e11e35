//! The types that a configuration key can have: how each is read from text, what it expects, how it is shown.
//!
//! Owns the syntax of single values. Must not know keys, layers or files.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use ipnet::IpNet;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::secret::{Secret, SecretUrl, redacted_url};

/// The numbers that a key allows, where it is a number.
pub(crate) type Range = Option<RangeInclusive<i64>>;

/// How a value is written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A TOML string.
    Text,
    /// A TOML integer.
    Number,
    /// A TOML array of strings; elsewhere the same separated by commas.
    List,
}

impl Shape {
    /// The shape's name in error texts.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "a string in quotes",
            Self::Number => "a number without quotes",
            Self::List => "an array of strings",
        }
    }
}

/// A type that a key can have.
pub(crate) trait Value: Sized {
    /// How the value is written in the file.
    const SHAPE: Shape = Shape::Text;
    /// Whether the text given may not be repeated.
    const SECRET: bool = false;
    /// What stands for the value in the help of a flag.
    const NAME: &'static str = "VALUE";

    /// What the value must be, to follow the word "expected".
    fn expects(range: &Range) -> String;

    /// Reads the text form. Fails with what was expected instead.
    fn parse(text: &str, range: &Range) -> Result<Self, String>;

    /// The value where nobody gave one and there is no default; `None` where a value must exist.
    fn absent() -> Option<Self> {
        None
    }

    /// The value as written in a file, without secrets; `None` where it is not set.
    fn show(&self) -> Option<toml::Value>;
}

macro_rules! whole_number {
    ($($type:ty),+) => { $(
        impl Value for $type {
            const SHAPE: Shape = Shape::Number;

            fn expects(range: &Range) -> String {
                range.as_ref().map_or_else(
                    || "a whole number".to_owned(),
                    |range| format!("a whole number from {} to {}", range.start(), range.end()),
                )
            }

            fn parse(text: &str, range: &Range) -> Result<Self, String> {
                text.parse::<i64>()
                    .ok()
                    .filter(|number| range.as_ref().is_none_or(|range| range.contains(number)))
                    .and_then(|number| Self::try_from(number).ok())
                    .ok_or_else(|| Self::expects(range))
            }

            fn show(&self) -> Option<toml::Value> {
                i64::try_from(*self).ok().map(toml::Value::Integer)
            }
        }
    )+ };
}

whole_number!(usize, u64);

impl<T: Value> Value for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const SECRET: bool = T::SECRET;
    const NAME: &'static str = T::NAME;

    fn expects(range: &Range) -> String {
        T::expects(range)
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        T::parse(text, range).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn show(&self) -> Option<toml::Value> {
        self.as_ref().and_then(Value::show)
    }
}

impl Value for SocketAddr {
    const NAME: &'static str = "ADDRESS";

    fn expects(_: &Range) -> String {
        "an IP address and a port, such as 127.0.0.1:3000 or [::]:3000".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        text.parse().map_err(|_| Self::expects(range))
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.to_string().into())
    }
}

impl Value for PathBuf {
    const NAME: &'static str = "DIR";

    fn expects(_: &Range) -> String {
        "the path of a folder, such as /var/lib/parlor".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        if text.is_empty() || text.contains('\0') { Err(Self::expects(range)) } else { Ok(text.into()) }
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.to_string_lossy().into_owned().into())
    }
}

impl Value for Vec<IpNet> {
    const SHAPE: Shape = Shape::List;

    fn expects(_: &Range) -> String {
        "IP networks or addresses, such as 10.0.0.0/8 or 192.168.1.7".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        let network = |text: &str| {
            text.parse::<IpNet>().map(|net| net.trunc()).or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        };
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(network).collect::<Result<_, _>>().map_err(|_| Self::expects(range))
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.iter().map(|net| toml::Value::from(net.to_string())).collect::<Vec<_>>().into())
    }
}

/// Where the data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DatabaseUrl {
    /// An `SQLite` file, relative to the working directory unless absolute.
    Sqlite(PathBuf),
    /// A `PostgreSQL` server.
    Postgres(SecretUrl),
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => write!(f, "{url}"),
        }
    }
}

impl Value for DatabaseUrl {
    const SECRET: bool = true;
    const NAME: &'static str = "URL";

    fn expects(_: &Range) -> String {
        "sqlite:<path of a file> or postgres://user:password@host/database".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            // Both spellings are in use elsewhere: `sqlite:data/x.db` and `sqlite://data/x.db`.
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" || path.contains(['?', '\0']) {
                return Err("sqlite:<path of a file>, without parameters".to_owned());
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(Self::expects(range));
        }
        SecretUrl::parse(text, &["postgres", "postgresql"])
            .map(Self::Postgres)
            .map_err(|expected| expected.replace("<scheme>", "postgres").replace('…', "database"))
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.to_string().into())
    }
}

/// The mail server that takes our mail, `smtp://` or `smtps://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SmtpUrl(pub(crate) SecretUrl);

impl Value for SmtpUrl {
    const SECRET: bool = true;
    const NAME: &'static str = "URL";

    fn expects(_: &Range) -> String {
        "smtp://user:password@host:port, or the same with smtps".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        if !text.starts_with("smtp://") && !text.starts_with("smtps://") {
            return Err(Self::expects(range));
        }
        SecretUrl::parse(text, &["smtp", "smtps"])
            .map(Self)
            .map_err(|expected| expected.replace("<scheme>", "smtp").replace("/…", ""))
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.0.to_string().into())
    }
}

/// An `http` or `https` address without query, fragment, user and final slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

impl PublicUrl {
    /// The address; a path can be appended to it as it is.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for PublicUrl {
    const NAME: &'static str = "URL";

    fn expects(_: &Range) -> String {
        "an address such as https://chat.example.com".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        let good = text.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && uri.query().is_none()
        });
        if !good || text.contains(['#', '@']) {
            return Err(Self::expects(range));
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.as_str().into())
    }
}

/// A mail address, plain or as `Name <address>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailAddress(String);

impl MailAddress {
    /// The address as given.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for MailAddress {
    fn expects(_: &Range) -> String {
        "a mail address, such as chat@example.com or Chat <chat@example.com>".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        let address =
            text.strip_suffix('>').and_then(|t| t.rsplit_once('<')).map_or(text, |(_, address)| address);
        let good =
            address.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
                && !address.contains(|c: char| c.is_whitespace() || "<>,;".contains(c))
                && address.matches('@').count() == 1
                && !text.contains(char::is_control);
        if good { Ok(Self(text.to_owned())) } else { Err(Self::expects(range)) }
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.as_str().into())
    }
}

/// A name to log in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Username(pub(crate) String);

impl Value for Username {
    fn expects(_: &Range) -> String {
        "a username of letters, digits, '-', '_' and '.'".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        if parlor_model::account::is_username(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Self::expects(range))
        }
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.0.clone().into())
    }
}

/// A password in clear, never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Password(pub(crate) Secret);

impl Value for Password {
    const SECRET: bool = true;

    fn expects(_: &Range) -> String {
        "a password of at least 8 characters".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        if text.chars().count() >= 8 { Ok(Self(Secret::new(text))) } else { Err(Self::expects(range)) }
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.0.to_string().into())
    }
}

/// The id of a record, as others will name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicId(pub(crate) String);

impl Value for PublicId {
    fn expects(_: &Range) -> String {
        "an id of 1 to 64 letters, digits, '-', '_' and '.'".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        if parlor_model::account::is_username(text) && text.len() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(Self::expects(range))
        }
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.0.clone().into())
    }
}

/// What is logged: a level, and levels of single modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    /// The directives, fit for `EnvFilter`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for LogFilter {
    fn expects(_: &Range) -> String {
        "a level (error, warn, info, debug, trace, off), or more as in info,parlor_store=debug".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        // A lone word that is no level counts as the name of a module with all levels on: `inof` would log everything.
        let is_level = |word: &str| word.contains('=') || word.trim().parse::<LevelFilter>().is_ok();
        let good = EnvFilter::try_new(text).is_ok() && (text.contains('[') || text.split(',').all(is_level));
        if good { Ok(Self(text.to_owned())) } else { Err(Self::expects(range)) }
    }

    fn show(&self) -> Option<toml::Value> {
        Some(self.as_str().into())
    }
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl Value for LogFormat {
    fn expects(_: &Range) -> String {
        "text or json".to_owned()
    }

    fn parse(text: &str, range: &Range) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Self::expects(range)),
        }
    }

    fn show(&self) -> Option<toml::Value> {
        Some(match self {
            Self::Text => "text".into(),
            Self::Json => "json".into(),
        })
    }
}

/// A refused text in quotes, fit for an error: short, on one line, without a password even where none was expected.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let text =
        if text.contains("://") && text.contains(['@', '?']) { redacted_url(text) } else { text.to_owned() };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(text: &str) -> Option<Vec<String>> {
        Vec::<IpNet>::parse(text, &None).ok().map(|nets| nets.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn trusted_proxies_are_networks_or_single_addresses() {
        assert_eq!(
            nets("10.0.0.0/8, 192.168.1.7,fd00::/8,::1").unwrap(),
            ["10.0.0.0/8", "192.168.1.7/32", "fd00::/8", "::1/128"]
        );
        assert_eq!(nets("10.1.2.3/8").unwrap(), ["10.0.0.0/8"], "bits past the mask do not count");
        assert_eq!(nets("").unwrap(), Vec::<String>::new());
        for bad in ["10.0.0.0/33", "proxy.local", "10.0.0", "10.0.0.1;10.0.0.2"] {
            assert_eq!(nets(bad), None, "{bad}");
        }
    }

    #[test]
    fn database_urls_name_a_file_or_a_postgresql_server() {
        let parse = |text: &str| DatabaseUrl::parse(text, &None);
        for (text, path) in [
            ("sqlite:data/x.db", "data/x.db"),
            ("sqlite:/var/x.db", "/var/x.db"),
            ("sqlite://data/x.db", "data/x.db"),
            ("sqlite:///var/x.db", "/var/x.db"),
        ] {
            assert_eq!(parse(text), Ok(DatabaseUrl::Sqlite(path.into())), "{text}");
        }
        assert!(matches!(parse("postgres://u:p@db/parlor"), Ok(DatabaseUrl::Postgres(_))));
        assert!(matches!(parse("postgresql://db"), Ok(DatabaseUrl::Postgres(_))));
        for bad in [
            "",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:x.db?mode=rwc",
            "mysql://db",
            "data/x.db",
            "postgres:db",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn public_urls_lose_their_last_slash_and_have_no_query_or_user() {
        let parse = |text: &str| PublicUrl::parse(text, &None).map(|url| url.as_str().to_owned());
        assert_eq!(parse("https://chat.example.com/").unwrap(), "https://chat.example.com");
        assert_eq!(parse("http://[::1]:3000/chat").unwrap(), "http://[::1]:3000/chat");
        for bad in [
            "chat.example.com",
            "ftp://x",
            "https://",
            "https://x/?a=1",
            "https://x/#a",
            "https://u:p@x",
            "/x",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_misspelt_level_is_refused_instead_of_logging_everything() {
        for good in
            ["info", "WARN", "info,parlor_store=debug", "off", "warn,hyper=error", "[request{id=1}]=trace"]
        {
            assert!(LogFilter::parse(good, &None).is_ok(), "{good}");
        }
        for bad in ["inof", "info,hyper", "parlor=verbose", "info;warn"] {
            assert!(LogFilter::parse(bad, &None).is_err(), "{bad}");
        }
    }

    #[test]
    fn senders_are_single_mail_addresses() {
        for good in ["chat@example.com", "Chat <chat@example.com>"] {
            assert!(MailAddress::parse(good, &None).is_ok(), "{good}");
        }
        for bad in
            ["chat", "@example.com", "chat@", "a@b@c", "a@b, c@d", "a@b\nBcc: c@d", "Chat chat@example.com"]
        {
            assert!(MailAddress::parse(bad, &None).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refused_text_is_quoted_short_and_without_a_password() {
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        assert_eq!(quoted("https://u:hunter2@host"), r#""https://u:***@host""#);
        assert!(quoted(&"x".repeat(500)).chars().count() < 100);
    }
}
