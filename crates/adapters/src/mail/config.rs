//! Where mail goes: reads the configured URL once, so that a wrong one is known at start and not at the first mail.
//! Never repeats any part of the URL in an error, because it may hold a password.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// Time for one mail when configuration names none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How mail is sent.
#[derive(Clone)]
pub struct SmtpConfig {
    /// `smtp://host:25` in plain text, `smtp://user:password@host:587?tls=required` with STARTTLS, or
    /// `smtps://user:password@host:465` encrypted from the start.
    ///
    /// The port may be missing (25, 587, 465). User and password are percent-encoded. Credentials on a plain-text
    /// connection are taken only with `?tls=none`.
    pub url: String,
    /// The sender: `address` or `Name <address>`.
    pub from: String,
    /// The name this client greets with, a domain name; the sender's domain when missing.
    pub hello: Option<String>,
    /// Time for one mail, from connecting to the server's last word; not zero.
    pub timeout: Duration,
}

impl SmtpConfig {
    /// A configuration with the default time limit (30 s) and greeting.
    pub fn new(url: impl Into<String>, from: impl Into<String>) -> Self {
        Self { url: url.into(), from: from.into(), hello: None, timeout: DEFAULT_TIMEOUT }
    }
}

impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("url", &"(hidden)")
            .field("from", &self.from)
            .field("hello", &self.hello)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// What is wrong with an [`SmtpConfig`]; says which part, never its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmtpConfigError {
    /// The URL has not the expected form.
    #[error(
        "the SMTP URL must look like smtp://host:25 or smtps://user:password@host:465, specials percent-encoded"
    )]
    Url,
    /// The query part says something else than `tls=required` or `tls=none`, or contradicts the scheme.
    #[error("the SMTP URL's query must be tls=required or tls=none, and only with the scheme smtp")]
    Tls,
    /// User without password, password without user, or not text.
    #[error("the SMTP URL must have both user and password, percent-encoded, or neither")]
    Credentials,
    /// A password would travel unencrypted.
    #[error("the SMTP URL has a password but no encryption; add ?tls=required, or ?tls=none to accept that")]
    PlainPassword,
    /// The sender is no address.
    #[error("the mail sender must be an address or \"Name <address>\"")]
    From,
    /// The greeting is no domain name.
    #[error("the SMTP greeting name must be a domain name")]
    Hello,
    /// No time is given.
    #[error("the SMTP time limit must not be zero")]
    Timeout,
}

pub(super) enum Security {
    None,
    StartTls(TlsParameters),
    Tls(TlsParameters),
}

/// An [`SmtpConfig`] taken apart; has no `Debug` because it holds the password.
pub(super) struct Route {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<Credentials>,
    pub(super) hello: ClientId,
    pub(super) timeout: Duration,
}

impl Route {
    pub(super) fn read(config: &SmtpConfig, sender_domain: &str) -> Result<Self, SmtpConfigError> {
        if config.timeout.is_zero() {
            return Err(SmtpConfigError::Timeout);
        }
        let url = Url::parse(&config.url).map_err(|_| SmtpConfigError::Url)?;
        // A password with an unencoded `/` or `#` ends the host early and leaves the rest here.
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpConfigError::Url);
        }
        let host = match url.host().ok_or(SmtpConfigError::Url)? {
            Host::Domain("") => return Err(SmtpConfigError::Url),
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        let tls = || TlsParameters::new(host.clone()).map_err(|_| SmtpConfigError::Tls);
        let (security, port) = match (url.scheme(), url.query()) {
            ("smtp", None | Some("tls=none")) => (Security::None, 25),
            ("smtp", Some("tls=required")) => (Security::StartTls(tls()?), 587),
            ("smtps", None) => (Security::Tls(tls()?), 465),
            ("smtp" | "smtps", Some(_)) => return Err(SmtpConfigError::Tls),
            _ => return Err(SmtpConfigError::Url),
        };
        let credentials = credentials(&url)?;
        if credentials.is_some() && matches!(security, Security::None) && url.query().is_none() {
            return Err(SmtpConfigError::PlainPassword);
        }
        let hello = hello(config.hello.as_deref().unwrap_or(sender_domain))?;
        Ok(Self {
            port: url.port().unwrap_or(port),
            host,
            security,
            credentials,
            hello,
            timeout: config.timeout,
        })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpConfigError> {
    let decoded = |text: &str| {
        percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| SmtpConfigError::Credentials)
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(SmtpConfigError::Credentials),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

fn hello(name: &str) -> Result<ClientId, SmtpConfigError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
    if name.is_empty() || !name.chars().all(fits) {
        return Err(SmtpConfigError::Hello);
    }
    Ok(ClientId::Domain(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Route, SmtpConfigError> {
        Route::read(&SmtpConfig::new(url, "desk@example.org"), "example.org")
    }

    #[test]
    fn each_url_form_has_its_port_and_protection() {
        let plain = read("smtp://mail.example.org").unwrap();
        assert_eq!((plain.host.as_str(), plain.port), ("mail.example.org", 25));
        assert!(matches!(plain.security, Security::None) && plain.credentials.is_none());
        let upgraded = read("smtp://u:p@mail.example.org?tls=required").unwrap();
        assert!(matches!(upgraded.security, Security::StartTls(_)) && upgraded.port == 587);
        let wrapped = read("smtps://u:p@mail.example.org").unwrap();
        assert!(matches!(wrapped.security, Security::Tls(_)) && wrapped.port == 465);
        assert_eq!(read("smtp://[::1]:2525").unwrap().host, "::1");
        assert_eq!(read("smtps://u:p@mail.example.org:4650").unwrap().port, 4650);
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        let route = read("smtps://me%40example.org:p%2Fa%23%3Ass@mail.example.org").unwrap();
        assert!(route.credentials == Some(Credentials::new("me@example.org".into(), "p/a#:ss".into())));
    }

    #[test]
    fn a_wrong_url_is_refused_by_its_part() {
        for (url, error) in [
            ("mail.example.org", SmtpConfigError::Url),
            ("http://mail.example.org", SmtpConfigError::Url),
            ("smtp:///", SmtpConfigError::Url),
            ("smtp://user:1#x@mail.example.org", SmtpConfigError::Url),
            ("smtp://user:1/x@mail.example.org", SmtpConfigError::Url),
            ("smtp://mail.example.org?tls=maybe", SmtpConfigError::Tls),
            ("smtps://mail.example.org?tls=none", SmtpConfigError::Tls),
            ("smtps://user@mail.example.org", SmtpConfigError::Credentials),
            ("smtps://user:%FF@mail.example.org", SmtpConfigError::Credentials),
            ("smtp://user:secret@mail.example.org", SmtpConfigError::PlainPassword),
        ] {
            assert_eq!(read(url).err(), Some(error), "{url}");
        }
        assert!(read("smtp://user:secret@mail.example.org?tls=none").is_ok());
    }

    #[test]
    fn a_greeting_that_could_smuggle_a_command_is_refused() {
        let mut config = SmtpConfig::new("smtp://mail.example.org", "desk@example.org");
        for bad in ["", "a b", "a\r\nMAIL FROM:<x@y>"] {
            config.hello = Some(bad.to_owned());
            assert_eq!(Route::read(&config, "example.org").err(), Some(SmtpConfigError::Hello), "{bad:?}");
        }
    }

    #[test]
    fn the_password_shows_neither_in_the_configuration_nor_in_errors() {
        for url in
            ["smtps://user:hunter2@host", "smtp://user:hunter2@host", "smtp://user:hunter2#@host", "hunter2"]
        {
            let config = SmtpConfig::new(url, "desk@example.org");
            let error = read(url).err().map(|error| format!("{error} {error:?}")).unwrap_or_default();
            assert!(!format!("{config:?} {error}").contains("hunter2"), "{url}");
        }
    }
}
