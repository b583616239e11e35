//! Values that must not be seen: secrets and addresses that carry a password.
//!
//! Owns what such a value looks like when shown. Must not let the full text out except through `expose`.

use std::fmt;

use serde::{Serialize, Serializer};

/// What stands in place of a hidden text.
pub(crate) const MASK: &str = "***";

/// A text that never prints: `Debug`, `Display` and `Serialize` all give `***`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Hides a text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The hidden text; call it only where the secret is used.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

/// A URL that may hold a password: shown with its scheme, user, host and path, `***` for all that may be secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretUrl(Secret);

impl SecretUrl {
    /// Takes a URL with one of the given schemes. Hosts may be several, separated by commas, each with a port or not.
    ///
    /// Fails with what was expected instead, which holds nothing of the text. Refuses a masked password, which somebody
    /// copied from a printed configuration.
    pub(crate) fn parse(text: &str, schemes: &[&str]) -> Result<Self, &'static str> {
        const SHAPE: &str = "<scheme>://user:password@host:port/…";
        const ENCODED: &str = "a user and password whose special characters are percent-encoded";
        let (scheme, rest) = text.split_once("://").ok_or(SHAPE)?;
        if !schemes.contains(&scheme) || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(SHAPE);
        }
        let (user_info, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        if user_info.is_some_and(|user| user.contains(['/', '?', '#', '@'])) {
            return Err(ENCODED);
        }
        if user_info.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| password == MASK) {
            return Err("the password itself in place of ***");
        }
        let hosts = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if hosts.split(',').all(is_host) { Ok(Self(Secret::new(text))) } else { Err(SHAPE) }
    }

    /// The full URL; call it only where the connection is made.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Whether a text is a host, `[v6]` or name, with or without a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').unwrap_or(port))),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    !host.is_empty() && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// A URL without what may be secret in it: password, query and fragment become `***`.
///
/// Works on any text, also on malformed URLs: in doubt more is hidden.
pub(crate) fn redacted_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return MASK.to_owned() };
    let mut shown = format!("{scheme}://");
    // The last `@` ends the user, wherever it stands: a password may hold any character, also `/`, `?` and `@`.
    let rest = if let Some((user_info, rest)) = rest.rsplit_once('@') {
        let (user, password) =
            user_info.split_once(':').map_or((user_info, None), |(user, p)| (user, Some(p)));
        shown.push_str(if user.contains(['/', '?', '#', '@']) { MASK } else { user });
        if password.is_some() {
            shown.push(':');
            shown.push_str(MASK);
        }
        shown.push('@');
        rest
    } else {
        rest
    };
    match rest.find(['?', '#']) {
        Some(at) => {
            shown.push_str(&rest[..=at]);
            shown.push_str(MASK);
        }
        None => shown.push_str(rest),
    }
    shown
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted_url(self.expose()))
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars_everywhere() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""***""#);
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_secret_url_shows_user_and_host_only() {
        let url = SecretUrl::parse("smtp://bob:hunter2@mail.example.com:587/x?k=hunter3", &["smtp"]).unwrap();
        let shown = "smtp://bob:***@mail.example.com:587/x?***";
        assert_eq!(format!("{url}"), shown);
        assert_eq!(format!("{url:?}"), shown);
        assert_eq!(serde_json::to_string(&url).unwrap(), format!("{shown:?}"));
        assert!(url.expose().contains("hunter2"));
    }

    #[test]
    fn redaction_hides_passwords_with_any_character() {
        for (url, shown) in [
            ("postgres://u:se/c@r?et@host/db", "postgres://u:***@host/db"),
            ("postgres://host/db?password=secret", "postgres://host/db?***"),
            ("postgres://host/db?password=se@cret:x", "postgres://***@cret:x"),
            ("postgres://u:secret#1@host", "postgres://u:***@host"),
            ("postgres://u@host/db", "postgres://u@host/db"),
            ("secret", "***"),
        ] {
            assert_eq!(redacted_url(url), shown, "{url}");
        }
    }

    #[test]
    fn urls_of_wrong_shape_and_copied_masks_are_refused() {
        for url in [
            "postgres",
            "http://host/db",
            "postgres://",
            "postgres://user:pass",
            "postgres://u:p/w@host/db",
            "postgres://u:***@host/db",
            "postgres://u:p@host:99999/db",
            "postgres://u:p@ho st/db",
        ] {
            assert!(SecretUrl::parse(url, &["postgres"]).is_err(), "{url}");
        }
        for url in
            ["postgres://host", "postgres://u:p@[::1]:5432/db?sslmode=require", "postgres://a:1,b:2/db"]
        {
            assert!(SecretUrl::parse(url, &["postgres"]).is_ok(), "{url}");
        }
    }
}
