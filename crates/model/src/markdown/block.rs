//! Cuts a text into lines, empty lines and code blocks.
//!
//! Owns where a line ends and what opens and closes a code block. Must not look inside a line.

const FENCE: &str = "```";

/// One piece of a text, in source order.
pub(super) enum Block<'a> {
    /// A line with nothing but spaces and tabs that another line could follow.
    Break,
    /// Any other line, without its end.
    Line(&'a str),
    /// A fenced code block; `body` holds one line or more, without the end of the last.
    Code { language: &'a str, body: &'a str },
}

/// The blocks of a text.
pub(super) struct Blocks<'a> {
    rest: &'a str,
    /// No fence was found in what follows, so that no later search needs to look again.
    no_more_fences: bool,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, no_more_fences: false }
    }

    /// Takes a code block off the front, if a whole one is there.
    fn code(&mut self) -> Option<Block<'a>> {
        let (header, after) = split_line(self.rest.strip_prefix(FENCE)?);
        let mut inside = after?;
        super::worked(header.len());
        if self.no_more_fences || !header.bytes().all(is_language_byte) {
            return None;
        }
        let Some(mut close) = inside.find(FENCE) else {
            self.no_more_fences = true;
            super::worked(inside.len());
            return None;
        };
        super::worked(close);
        let rest = &inside[close + FENCE.len()..];
        // One empty line right after the opening fence is layout, not code.
        if let ("", Some(after)) = split_line(inside) {
            close = close.checked_sub(inside.len() - after.len())?;
            inside = after;
        }
        let body = inside.get(..close)?;
        let body = body.strip_suffix("\r\n").or_else(|| body.strip_suffix(['\n', '\r']))?;
        self.rest = rest;
        Some(Block::Code { language: header, body })
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        if let Some(code) = self.code() {
            return Some(code);
        }
        let (line, after) = split_line(self.rest);
        super::worked(line.len());
        self.rest = after.unwrap_or("");
        if after.is_some() && line.bytes().all(|byte| byte == b' ' || byte == b'\t') {
            return Some(Block::Break);
        }
        Some(Block::Line(line))
    }
}

/// The lines of a code block's body, empty ones included.
pub(super) fn lines(body: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let (line, after) = split_line(rest?);
        rest = after;
        Some(line)
    })
}

/// The first line, and what follows its end if it has one: LF, CR LF or CR.
fn split_line(text: &str) -> (&str, Option<&str>) {
    let Some(end) = text.bytes().position(|byte| byte == b'\n' || byte == b'\r') else {
        return (text, None);
    };
    let width = if text[end..].starts_with("\r\n") { 2 } else { 1 };
    (&text[..end], Some(&text[end + width..]))
}

fn is_language_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-' | b'.')
}
