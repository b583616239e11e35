//! Recognises emoji: unicode sequences and `:short_code:` names.
//!
//! Owns the ranges of characters that count. Must not know whether a short code has a picture: clients decide.

use super::scan::{Kind, Token};

/// The most emoji that a message of nothing else may hold to be shown large.
const MOST_SHOWN_LARGE: usize = 3;

const VARIATION: char = '\u{FE0F}';
const JOINER: char = '\u{200D}';

/// The emoji of a text that holds one to three of them and otherwise only white space.
pub(super) fn only_a_few(text: &str) -> Option<Vec<Token>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        at += bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if at == bytes.len() {
            return (!found.is_empty()).then_some(found);
        }
        let token = if bytes[at] == b':' {
            Token { kind: Kind::ShortCode, start: at, end: short_code_end(bytes, at)? }
        } else {
            Token { kind: Kind::Emoji, start: at, end: sequence_end(text, at)? }
        };
        super::worked(token.end - at);
        at = token.end;
        if found.len() == MOST_SHOWN_LARGE {
            return None;
        }
        found.push(token);
    }
}

/// Where the short code that starts with the colon at `colon` ends, its closing colon included.
pub(super) fn short_code_end(bytes: &[u8], colon: usize) -> Option<usize> {
    let name = bytes[colon + 1..].iter().take_while(|&&byte| is_name_byte(byte)).count();
    super::worked(name);
    let close = colon + 1 + name;
    (name > 0 && bytes.get(close) == Some(&b':')).then_some(close + 1)
}

/// Where the emoji that starts at `start` ends: the whole sequence, with skin tones, joined parts and flags.
pub(super) fn sequence_end(text: &str, start: usize) -> Option<usize> {
    let mut rest = text[start..].chars();
    let first = rest.next()?;
    if is_regional(first) {
        return rest.next().filter(|&second| is_regional(second)).map(|second| start + 2 * second.len_utf8());
    }
    if !is_base(first) {
        return None;
    }
    let mut end = start + first.len_utf8();
    loop {
        let mut ahead = rest.clone();
        match ahead.next() {
            Some(next) if is_modifier(next) => end += next.len_utf8(),
            Some(JOINER) => match ahead.next() {
                Some(part) if is_base(part) || is_arrow(part) => end += JOINER.len_utf8() + part.len_utf8(),
                _ => return Some(end),
            },
            _ => return Some(end),
        }
        rest = ahead;
    }
}

/// Whether a character may start with these two bytes and be the first of an emoji.
///
/// A cheap refusal of dashes, quotation marks and other scripts; `sequence_end` has the last word.
pub(super) fn may_start(lead: u8, second: Option<&u8>) -> bool {
    match (lead, second) {
        (0xE2, Some(second)) => matches!(second, 0x8C..=0x8F | 0x98..=0x9F | 0xAC | 0xAD),
        (0xF0, Some(second)) => *second == 0x9F,
        _ => false,
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.')
}

fn is_regional(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

fn is_base(c: char) -> bool {
    matches!(c,
        '\u{2300}'..='\u{23FF}' | '\u{2600}'..='\u{27BF}' | '\u{2B1B}' | '\u{2B1C}' | '\u{2B50}' | '\u{2B55}'
        | '\u{1F300}'..='\u{1F64F}' | '\u{1F680}'..='\u{1F6FF}' | '\u{1F7E0}'..='\u{1F7F0}'
        | '\u{1F900}'..='\u{1F9FF}' | '\u{1FA70}'..='\u{1FAFF}')
}

/// What changes the look of the character before it: presentation, skin tone, the letters of a region's flag.
fn is_modifier(c: char) -> bool {
    c == VARIATION || matches!(c, '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}')
}

/// Arrows are no emoji by themselves here, but turn the face they are joined to.
fn is_arrow(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21FF}' | '\u{2B00}'..='\u{2BFF}')
}
