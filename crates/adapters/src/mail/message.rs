//! A mail's outer form: typed headers around a text and an HTML part. Nothing a stranger wrote may begin a header.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::{Mailbox, Message, MultiPart};
use parlor_model::Millis;
use parlor_model::job::Mail;
use parlor_model::text::single_line;

use super::MailError;

/// The last millisecond of the year 9999, beyond which a mail's date has no form.
const LAST_DATE: u64 = 253_402_300_799_999;
/// Characters of a shown name and of a subject; a header line may have 998 octets, encoding included.
const NAME_LENGTH: usize = 100;
const SUBJECT_LENGTH: usize = 250;

/// Reads the configured sender, `address` or `Name <address>`.
pub(super) fn sender(text: &str) -> Option<Mailbox> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let read: Mailbox = text.trim().parse().ok()?;
    let email = address(read.email.as_ref())?;
    Some(named(read.name.as_deref().unwrap_or_default(), email))
}

pub(super) fn compose(mail: &Mail, sender: &Mailbox, now: Millis) -> Result<Message, MailError> {
    let to = address(&mail.to).ok_or_else(|| MailError::new(true, "the recipient's address is none"))?;
    let from = if single_line(&mail.from_name).is_empty() {
        sender.clone()
    } else {
        named(&mail.from_name, sender.email.clone())
    };
    let unusable =
        |error: &dyn std::fmt::Display| MailError::new(true, &format!("the mail has no form: {error}"));
    let envelope =
        Envelope::new(Some(sender.email.clone()), vec![to.clone()]).map_err(|error| unusable(&error))?;
    let date = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or(0).min(LAST_DATE));
    let mut builder = Message::builder()
        .envelope(envelope)
        .date(date)
        .message_id(Some(message_id(&mail.id, sender.email.domain())))
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(shortened(&mail.subject, SUBJECT_LENGTH));
    if let Some((name, answer)) =
        mail.reply_to.as_ref().and_then(|to| Some((&to.name, address(&to.address)?)))
    {
        builder = builder.reply_to(named(name, answer));
    }
    let parts = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    builder.multipart(parts).map_err(|error| unusable(&error))
}

/// Reads an address; a domain in other scripts gets its ASCII form, which every server takes.
fn address(text: &str) -> Option<Address> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let read: Address = text.trim().parse().ok()?;
    if read.domain().is_ascii() {
        return Some(read);
    }
    let url::Host::<String>::Domain(domain) = url::Host::parse(read.domain()).ok()? else { return None };
    Address::new(read.user(), domain).ok()
}

/// Puts a name before an address; one that could not be read back from the header is left out.
fn named(name: &str, email: Address) -> Mailbox {
    let name = shortened(name, NAME_LENGTH);
    if name.is_empty() {
        return Mailbox::new(None, email);
    }
    let shown = Mailbox::new(Some(name), email);
    if shown.to_string().parse::<Mailbox>().is_ok() { shown } else { Mailbox::new(None, shown.email) }
}

fn shortened(text: &str, length: usize) -> String {
    let line = single_line(text);
    match line.char_indices().nth(length) {
        None => line,
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
    }
}

fn message_id(id: &str, domain: &str) -> String {
    let id: String =
        id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    format!("<{id}@{domain}>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_model::job;
    use proptest::prelude::*;

    fn mail() -> Mail {
        Mail {
            id: "mailid".into(),
            to: "ann@example.com".into(),
            from_name: String::new(),
            reply_to: None,
            subject: "s".into(),
            text: "t".into(),
            html: "<p>t</p>".into(),
        }
    }

    fn composed(mail: &Mail) -> String {
        let sender = sender("Desk <desk@example.org>").unwrap();
        let message = compose(mail, &sender, Millis(1_700_000_000_000)).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    fn header_names(text: &str) -> Vec<String> {
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
    }

    const ALL: [&str; 8] =
        ["Date", "Message-ID", "From", "To", "Subject", "Reply-To", "MIME-Version", "Content-Type"];

    proptest! {
        #[test]
        fn nothing_a_stranger_writes_adds_a_header_or_stops_the_mail(
            id in any::<String>(), from in any::<String>(), name in "[\\PC\r\n\t\"\\\\<>@,;:]{0,300}",
            subject in "(\\PC|\r|\n|\u{85}|\u{2028}){0,400}",
        ) {
            let reply_to = Some(job::Mailbox { name, address: "v@example.net".into() });
            let text = composed(&Mail { id, from_name: from, reply_to, subject, ..mail() });
            prop_assert_eq!(header_names(&text), ALL);
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
        }

        #[test]
        fn a_reply_address_is_taken_whole_or_left_out(address in "[\\PC\r\n<>@,\"]{0,40}") {
            let reply_to = Some(job::Mailbox { name: String::new(), address });
            let text = composed(&Mail { reply_to, ..mail() });
            let names = header_names(&text);
            prop_assert!(names.iter().all(|name| ALL.contains(&name.as_str())), "{:?}", names);
        }
    }

    #[test]
    fn a_text_without_spaces_is_shortened_to_what_a_header_line_may_hold() {
        let long = "x".repeat(5_000);
        let text = composed(&Mail { subject: long.clone(), from_name: long, ..mail() });
        assert!(text.split("\r\n").all(|line| line.len() <= 998), "{text}");
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("ab cd", 3), "ab…");
    }

    #[test]
    fn a_domain_in_another_script_travels_in_ascii() {
        assert_eq!(address("ann@bücher.example").unwrap().to_string(), "ann@xn--bcher-kva.example");
    }

    #[test]
    fn a_recipient_that_is_no_address_is_a_permanent_error() {
        let sender = sender("desk@example.org").unwrap();
        for to in ["", "ann", "ann@", "a@b\r\nRCPT TO:<x@y>", "ann@example.com\r\nBcc: x@example.com"] {
            let error = compose(&Mail { to: to.into(), ..mail() }, &sender, Millis(0)).unwrap_err();
            assert!(error.permanent, "{to:?}: {error}");
        }
    }
}
