//! Leave a message while nobody answers (section 3.5 of `visitor-api.md`).

use parlor_model::job::{Mail, Mailbox};
use parlor_model::mail_domain::DomainVerdict;
use parlor_model::offline::OfflineMessage;
use parlor_model::{Event, Job, text};
use parlor_store::{WriteTx, audit, offline};

use crate::Context;
use crate::error::errors;

errors! {
    /// Why an offline message is refused. The wire has one text for every cause.
    OfflineError {
        /// The form is switched off, or the address cannot be answered to.
        NotSent => ErrorCode::Plain("Error sending Omnichannel offline message");
    }
}

/// Leave a message.
#[derive(Debug, Clone)]
pub struct Leave {
    /// Name, may be empty.
    pub name: String,
    /// Address for the answer.
    pub email: String,
    /// Text, may be empty.
    pub message: String,
    /// Department, id or name; an unknown one is kept and otherwise ignored.
    pub department: Option<String>,
    /// Origin of the page.
    pub host: Option<String>,
    /// What the domain name system said of the address's domain.
    pub domain: DomainVerdict,
}

/// The part of an address that the domain name system knows, if the rules want it checked.
pub fn domain_to_check<'a>(ctx: &Context, email: &'a str) -> Option<&'a str> {
    let wanted = ctx.settings.display_offline_form && ctx.settings.validate_offline_email;
    if wanted && text::is_address(email.trim()) { email.trim().rsplit('@').next() } else { None }
}

/// Stores the message, and in the same transaction the mail to whoever reads them, if someone is configured.
pub fn leave(tx: &mut WriteTx<'_>, ctx: &Context, command: &Leave) -> Result<(), OfflineError> {
    let settings = &ctx.settings;
    let address = command.email.trim();
    let believable = text::is_address(address) && command.domain != DomainVerdict::Refused;
    if !settings.display_offline_form
        || address.is_empty()
        || (settings.validate_offline_email && !believable)
    {
        return Err(OfflineError::NotSent);
    }
    let stored = OfflineMessage {
        id: ctx.id(),
        name: command.name.clone(),
        email: command.email.clone(),
        message: command.message.clone(),
        department: command.department.clone(),
        host: command.host.clone(),
        ts: ctx.now,
    };
    offline::insert(tx, &stored)?;
    let recipient = settings.offline_email.trim();
    let mailed = text::is_address(recipient);
    if mailed {
        tx.enqueue(ctx.now, ctx.now, &Job::Mail(mail(&stored, recipient)))?;
    }
    let detail = if mailed { "stored, mail enqueued" } else { "stored" };
    let entry = audit::Entry {
        actor_kind: "anyone",
        actor: None,
        action: "offline_message.left",
        target: &stored.id,
        detail: Some(detail),
    };
    audit::append(tx, ctx.now, &ctx.origin, entry)?;
    tx.emit(Event::OfflineMessageLeft { id: stored.id });
    Ok(())
}

/// The mail about an offline message. Every visitor's word is escaped in HTML and kept to one line in headers.
fn mail(message: &OfflineMessage, to: &str) -> Mail {
    let (name, address) = (text::single_line(&message.name), text::single_line(message.email.trim()));
    let beginning: String = text::single_line(&message.message).chars().take(20).collect();
    let mut lines = vec![("Visitor", name.clone()), ("E-mail", address.clone())];
    if let Some(host) = &message.host {
        lines.push(("Sent from", text::single_line(host)));
    }
    if let Some(department) = &message.department {
        lines.push(("Department", text::single_line(department)));
    }
    let plain = lines.iter().map(|(label, value)| format!("{label}: {value}\n")).collect::<Vec<_>>().concat();
    let row = |(label, value): &(&str, String)| {
        format!("<p><strong>{label}:</strong> {}</p>\n", text::escape_html(value))
    };
    let rows = lines.iter().map(row).collect::<Vec<_>>().concat();
    let body = text::escape_html(&message.message).replace("\r\n", "\n").replace(['\r', '\n'], "<br>\n");
    Mail {
        id: message.id.clone(),
        to: to.to_owned(),
        from_name: format!("{name} - {address}"),
        reply_to: Some(Mailbox { name: name.clone(), address }),
        subject: format!("Livechat offline message from {name}: {beginning}"),
        text: format!("A visitor left a message.\n\n{plain}\n{}\n", message.message),
        html: format!(
            "<h1>A visitor left a message</h1>\n{rows}<p><strong>Message:</strong><br>\n{body}</p>\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_model::Millis;
    use proptest::prelude::*;

    fn message(name: &str, email: &str, text: &str) -> OfflineMessage {
        OfflineMessage {
            id: "ZKWP8LfGnRHQ3ozWa".into(),
            name: name.into(),
            email: email.into(),
            message: text.into(),
            department: None,
            host: Some("https://shop.example.org/\"><script>".into()),
            ts: Millis(0),
        }
    }

    #[test]
    fn the_visitors_words_never_become_markup() {
        let mail = mail(
            &message("<b>Eve</b>", "eve@example.org", "<script>alert(1)</script>\nbye"),
            "desk@example.org",
        );
        assert!(!mail.html.contains("<script>") && !mail.html.contains("<b>"), "{}", mail.html);
        assert!(mail.html.contains("&lt;script&gt;alert(1)&lt;/script&gt;<br>\nbye"));
        assert!(mail.text.contains("<script>alert(1)</script>\nbye"), "plain text stays as written");
    }

    #[test]
    fn the_subject_has_the_name_and_the_beginning() {
        let mail = mail(&message("Ana", "ana@example.org", "I need help with my order"), "desk@example.org");
        assert_eq!(mail.subject, "Livechat offline message from Ana: I need help with my ");
        assert_eq!(mail.reply_to, Some(Mailbox { name: "Ana".into(), address: "ana@example.org".into() }));
    }

    proptest! {
        #[test]
        fn no_field_breaks_a_header(name in any::<String>(), email in any::<String>(), text in any::<String>()) {
            let mail = mail(&message(&name, &email, &text), "desk@example.org");
            let reply = mail.reply_to.unwrap();
            for header in [mail.subject, mail.from_name, reply.name, reply.address] {
                prop_assert!(!header.chars().any(char::is_control), "{header:?}");
            }
        }
    }
}
