//! Ways to reach a visitor that stand in their texts (`visitor-api.md` 5.2, row "visitor").
//!
//! Owns what counts as an address or a number. Must take time linear in the text: every byte of it is chosen by a
//! stranger, while patterns are the operator's.

use regex::{Regex, RegexBuilder};

use crate::{Settings, text};

/// A regular expression of a setting, compiled once; upper and lower case are the same to it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    /// `None` for the empty text, which matches nothing.
    regex: Option<Regex>,
}

impl Pattern {
    /// What compiled patterns may take up, in bytes.
    const LARGEST: usize = 1 << 20;

    /// Compiles `source`; the empty text matches nothing. The error says what is wrong with it, on one line.
    pub fn new(source: &str) -> Result<Self, String> {
        let compiled = || RegexBuilder::new(source).case_insensitive(true).size_limit(Self::LARGEST).build();
        let regex = if source.is_empty() {
            None
        } else {
            Some(compiled().map_err(|e| {
                format!(
                    "expected a regular expression without look-around: {}",
                    text::single_line(&e.to_string())
                )
            })?)
        };
        Ok(Self { source: source.to_owned(), regex })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    fn matches<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let found = self.regex.as_ref().map(|regex| regex.find_iter(text).map(|m| m.as_str().trim()));
        found.into_iter().flatten().take(MOST_MATCHES)
    }
}

/// A pattern known to be well-formed; any other matches nothing.
impl From<&str> for Pattern {
    fn from(source: &str) -> Self {
        Self::new(source).unwrap_or_else(|_| Self { source: source.to_owned(), regex: None })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

/// What `Livechat_lead_email_regex` is unless set.
pub const EMAIL: &str = r"[a-z0-9][a-z0-9._%+'-]*@(?:[a-z0-9-]+\.)+[a-z]{2,}";
/// What `Livechat_lead_phone_regex` is unless set: `+` and a number, a number with a leading zero, or groups of three
/// to five digits. Dates and IP addresses are none of these.
pub const PHONE: &str = r"\+[0-9](?:[ ./()-]{0,2}[0-9]){6,14}\b|\b0[0-9](?: ?[0-9]){6,12}\b|(?:\([0-9]{1,5}\)[ /-]?|\b)[0-9]{2,5}(?:[ /-]?[0-9]{3,5}){1,3}\b";

/// The digits of a telephone number: fewer are something else, more are no number that can be called.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// The part of a text that is searched, in bytes.
const SEARCHED: usize = 16 << 10;
/// How many matches of a text are looked at.
const MOST_MATCHES: usize = 50;
/// How many addresses, and how many numbers, a visitor's record collects.
const MOST_KEPT: usize = 20;

/// What a visitor's record or a text holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leads {
    /// E-mail addresses, lower case, each once.
    pub emails: Vec<String>,
    /// Telephone numbers as written, each once.
    pub phones: Vec<String>,
}

impl Leads {
    /// The addresses and numbers in the first 16 KiB of a text, in their order. Texts without an `@` or without enough
    /// digits cost no search.
    pub fn of(settings: &Settings, text: &str) -> Self {
        let mut found = Self::default();
        let has_at = text.contains('@');
        let has_number = digits(text).take(*DIGITS.start()).count() == *DIGITS.start();
        if !has_at && !has_number {
            return found;
        }
        let text = head(text);
        if has_at {
            let addresses = settings.lead_email.matches(text).map(str::to_lowercase);
            unite(&mut found.emails, addresses.filter(|a| text::is_address(a)));
        }
        if has_number {
            let callable = |number: &&str| DIGITS.contains(&digits(number).count());
            unite(&mut found.phones, settings.lead_phone.matches(text).filter(callable).map(str::to_owned));
        }
        found
    }

    /// True when there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.emails.is_empty() && self.phones.is_empty()
    }

    /// Adds what is not there yet, up to 20 of each; tells whether anything was.
    pub fn add(&mut self, more: &Self) -> bool {
        let emails = unite(&mut self.emails, more.emails.iter().cloned());
        unite(&mut self.phones, more.phones.iter().cloned()) || emails
    }
}

fn digits(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(u8::is_ascii_digit)
}

/// The part of a text that is searched; ends between words, so that nothing is found in half.
fn head(text: &str) -> &str {
    if text.len() <= SEARCHED {
        return text;
    }
    let end = (0..=SEARCHED).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text[..end].rfind(char::is_whitespace).map_or("", |space| &text[..space])
}

fn unite(set: &mut Vec<String>, more: impl Iterator<Item = String>) -> bool {
    let before = set.len();
    for one in more {
        if set.len() < MOST_KEPT && !set.contains(&one) {
            set.push(one);
        }
    }
    set.len() > before
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> (Vec<String>, Vec<String>) {
        let leads = Leads::of(&Settings::default(), text);
        (leads.emails, leads.phones)
    }

    #[test]
    fn the_built_in_patterns_are_well_formed() {
        assert!(Pattern::new(EMAIL).is_ok());
        assert!(Pattern::new(PHONE).is_ok());
    }

    #[test]
    fn addresses_are_found_in_lower_case_and_once() {
        for (text, emails) in [
            ("mail Ana.Costa+x@Example.ORG.", &["ana.costa+x@example.org"][..]),
            ("<a@b.org>, \"a@B.org\"; o'hara@sub.ex-ample.co.uk", &["a@b.org", "o'hara@sub.ex-ample.co.uk"]),
            ("mailto:a@b.org?x", &["a@b.org"]),
            ("@ana", &[]),
            ("ana@localhost", &[]),
            ("nothing here", &[]),
        ] {
            assert_eq!(found(text).0, emails, "{text}");
        }
    }

    #[test]
    fn numbers_are_found_as_written_and_dates_are_not() {
        for (text, phones) in [
            ("call +55 51 5555 0101!", &["+55 51 5555 0101"][..]),
            ("(555) 123-4567 or 555-987-6543", &["(555) 123-4567", "555-987-6543"]),
            ("01 23 45 67 89, 030/1234567", &["01 23 45 67 89", "030/1234567"]),
            ("+1 (555) 010-0199 and again +1 (555) 010-0199", &["+1 (555) 010-0199"]),
            ("on 2026-02-03 at 10:00, 03.02.2026", &[]),
            ("host 192.168.100.200", &[]),
            ("order 12345, pin 6789", &[]),
            ("4111 1111 1111 1111", &[]),
            ("66f2a9c4e1b7d03f5a8c1e42", &[]),
            ("123456789012345678901234567890", &[]),
        ] {
            assert_eq!(found(text).1, phones, "{text}");
        }
    }

    #[test]
    fn a_pattern_of_the_operator_decides() {
        let mut settings = Settings::default();
        settings.set("Livechat_lead_email_regex", r"[a-z]+@example\.org").unwrap();
        settings.set("Livechat_lead_phone_regex", "").unwrap();
        let leads = Leads::of(&settings, "ANA@example.org b@b.org +55 51 5555 0101");
        assert_eq!(leads, Leads { emails: vec!["ana@example.org".into()], phones: Vec::new() });
    }

    #[test]
    fn a_record_collects_a_bounded_set() {
        let mut record = Leads::default();
        let first = Leads { emails: vec!["a@b.org".into()], phones: vec!["1234567".into()] };
        assert!(record.add(&first));
        assert!(!record.add(&first));
        let many = (0..60).map(|n| format!("v{n}@b.org")).collect::<Vec<_>>().join(" ");
        assert!(record.add(&Leads::of(&Settings::default(), &many)));
        assert_eq!(record.emails.len(), MOST_KEPT);
        assert_eq!(record.emails[0], "a@b.org");
        assert!(!record.add(&Leads { emails: vec!["late@b.org".into()], phones: Vec::new() }));
    }

    #[test]
    fn a_long_text_is_searched_up_to_a_word() {
        let text = format!("a@b.org {} half@{}.org", "x".repeat(SEARCHED - 20), "y".repeat(40));
        assert_eq!(found(&text).0, ["a@b.org"]);
        assert_eq!(found(&"é@x.org1234567".repeat(SEARCHED)).0, Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn whatever_is_found_can_be_used(text in "[a-c@. +()0-9é-]{0,80}") {
            let (emails, phones) = found(&text);
            prop_assert!(emails.iter().all(|e| text::is_address(e) && text.contains(e)));
            prop_assert!(phones.iter().all(|p| DIGITS.contains(&digits(p).count()) && text.contains(p)));
        }
    }
}
