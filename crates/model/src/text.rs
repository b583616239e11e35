//! Rules about message texts that depend on the text alone.

/// Length as the character limit counts it: UTF-16 units, as browsers do.
pub fn utf16_length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// Closes a code fence that was left open: an odd number of triple backticks gets one more on a line of its own.
pub fn close_fence(text: String) -> String {
    if text.matches("```").count() % 2 == 1 { text + "\n```" } else { text }
}

/// Replaces each of `words` by as many asterisks, where it stands as a whole word, in any case.
pub fn mask_words(text: &str, words: &[String]) -> String {
    let folded: Vec<String> = words.iter().map(|w| w.to_lowercase()).collect();
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().map(Some).chain([None]) {
        if let Some(letter) = c.filter(|c| c.is_alphanumeric()) {
            word.push(letter);
            continue;
        }
        if folded.contains(&word.to_lowercase()) {
            out.extend(word.chars().map(|_| '*'));
        } else {
            out.push_str(&word);
        }
        word.clear();
        out.extend(c);
    }
    out
}

/// True when the address has the form `x@y`: exactly one `@` with something on both sides and no white space,
/// control character or list separator.
pub fn is_address(text: &str) -> bool {
    let mut parts = text.split('@');
    let shaped = matches!((parts.next(), parts.next(), parts.next()), (Some(l), Some(d), None) if !l.is_empty() && !d.is_empty());
    shaped
        && !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>' | '"'))
}

/// One line: every run of control characters (line breaks among them) becomes one space, the ends are trimmed.
pub fn single_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

/// Text made safe for an HTML body or attribute.
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_open_fence_is_closed_and_a_closed_one_left_alone() {
        assert_eq!(close_fence("a ```b".into()), "a ```b\n```");
        assert_eq!(close_fence("a ```b```".into()), "a ```b```");
    }

    #[test]
    fn listed_words_are_masked_as_whole_words() {
        let words = ["darn".to_owned()];
        assert_eq!(mask_words("Darn it, darned DARN!", &words), "**** it, darned ****!");
        assert_eq!(mask_words("nothing here", &words), "nothing here");
    }

    #[test]
    fn addresses_have_one_at_sign_and_no_list() {
        for good in ["a@b", "visitor@rocket.chat", "o'hara+x@ex-ample.org"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a@b,c@d", "a b@c", "a@b\nBcc: x", "<a@b>"] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn the_limit_counts_as_browsers_do() {
        assert_eq!(utf16_length("abc"), 3);
        assert_eq!(utf16_length("\u{1F600}"), 2);
    }

    proptest! {
        #[test]
        fn a_single_line_never_breaks(text in any::<String>()) {
            prop_assert!(!single_line(&text).chars().any(char::is_control));
        }

        #[test]
        fn escaped_text_has_no_markup(text in any::<String>()) {
            prop_assert!(!escape_html(&text).contains(['<', '>', '"', '\'']));
        }
    }
}
