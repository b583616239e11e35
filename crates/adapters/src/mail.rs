//! Outgoing mail over SMTP, one connection per mail.
//!
//! Owns the message's outer form (headers, parts) and the conversation with the configured server. Does not decide
//! what is mailed to whom, and does not try again: the caller repeats what failed temporarily.

mod config;
mod message;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use parlor_model::Clock;
use parlor_model::job::Mail;
use parlor_model::text::single_line;

pub use config::{DEFAULT_TIMEOUT, SmtpConfig, SmtpConfigError};
use config::{Route, Security};

/// How long a server that has already accepted the mail may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// Characters of a server's answer that are kept.
const REASON_LENGTH: usize = 300;

/// Why a mail was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct MailError {
    /// True when trying again cannot help: the server answered 5xx, or the recipient's address is none.
    pub permanent: bool,
    /// One line for logs and operators, at most 300 characters; holds no secret of the configuration.
    pub reason: String,
}

impl MailError {
    fn new(permanent: bool, reason: &str) -> Self {
        Self { permanent, reason: single_line(reason).chars().take(REASON_LENGTH).collect() }
    }

    fn at(step: &str, error: &SmtpError) -> Self {
        Self::new(error.is_permanent(), &format!("{step}: {error}"))
    }

    /// Repeats nothing but the code, since a server's text may quote what it was sent.
    fn at_login(error: &SmtpError) -> Self {
        let reason = match error.status() {
            Some(code) => format!("login: the server answered {code}"),
            None => "login: failed without an answer, or no common mechanism".to_owned(),
        };
        // Whatever the code: a mistyped password is mended by the operator, and the mail is worth waiting for it.
        Self::new(false, &reason)
    }
}

/// Sends mails through one configured server.
#[derive(Clone)]
pub struct Mailer {
    route: Arc<Route>,
    sender: Mailbox,
    clock: Arc<dyn Clock>,
}

impl Mailer {
    /// Reads the configuration without connecting. The clock dates the mails.
    pub fn new(config: &SmtpConfig, clock: Arc<dyn Clock>) -> Result<Self, SmtpConfigError> {
        let sender = message::sender(&config.from).ok_or(SmtpConfigError::From)?;
        let route = Arc::new(Route::read(config, sender.email.domain())?);
        Ok(Self { route, sender, clock })
    }

    /// The same mailer with another sender, `address` or `Name <address>`; `None` if that is none.
    pub fn with_sender(&self, from: &str) -> Option<Self> {
        Some(Self { sender: message::sender(from)?, ..self.clone() })
    }

    /// Hands one mail to the server; answers within the configured time.
    ///
    /// `Ok` means the server took responsibility for it. A time-out can hide an acceptance, so a mail may arrive
    /// twice; its `Message-ID` is then the same. A reply-to address that is none is left out.
    pub async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = message::compose(mail, &self.sender, self.clock.now())?;
        let mut accepted = false;
        let conversation = self.converse(message.envelope(), message.formatted(), &mut accepted);
        let outcome = tokio::time::timeout(self.route.timeout, conversation).await;
        match outcome {
            _ if accepted => Ok(()),
            Ok(result) => result,
            Err(_) => Err(MailError::new(false, &format!("no answer within {:?}", self.route.timeout))),
        }
    }

    async fn converse(
        &self,
        envelope: &Envelope,
        mail: Vec<u8>,
        accepted: &mut bool,
    ) -> Result<(), MailError> {
        let route = &*self.route;
        let wrapped = match &route.security {
            Security::Tls(parameters) => Some(parameters.clone()),
            Security::None | Security::StartTls(_) => None,
        };
        let server = (route.host.as_str(), route.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(route.timeout), &route.hello, wrapped, None)
                .await
                .map_err(|error| MailError::at("connection", &error))?;
        if let Security::StartTls(parameters) = &route.security {
            let upgraded = connection.starttls(parameters.clone(), &route.hello).await;
            upgraded.map_err(|error| MailError::at("encryption", &error))?;
        }
        if let Some(credentials) = &route.credentials {
            let login = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            login.map_err(|error| MailError::at_login(&error))?;
        }
        connection.send(envelope, &mail).await.map_err(|error| MailError::at("delivery", &error))?;
        *accepted = true;
        // The mail is the server's now, whatever it answers to the goodbye.
        let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
        Ok(())
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer")
            .field("host", &self.route.host)
            .field("port", &self.route.port)
            .field("sender", &self.sender.to_string())
            .finish_non_exhaustive()
    }
}
