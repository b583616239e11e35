//! Finds the tokens of one line: emphasis marks, escapes, code, links and emoji.
//!
//! Owns what is indivisible and where it begins and ends. Must not pair emphasis marks, and must not write.
//! One pass from left to right; each look ahead is either disjoint from the others of its kind or done once for the
//! line, so that a line takes linear time.

use linkify::{LinkFinder, LinkKind, Links};

use super::emoji;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One `*`, `_` or `~`.
    Mark,
    /// The backslash before a character that it takes the meaning from.
    Escape,
    /// Inline code with its backticks.
    Code,
    /// A bare http or https address.
    Url,
    /// `[label](target)`; the label ends before `label_end`.
    Link { label_end: usize },
    /// `:name:`.
    ShortCode,
    /// A unicode emoji.
    Emoji,
}

/// A piece of a line that is not plain text, by byte offsets into that line.
#[derive(Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    /// The target of a link token whose label ends at `label_end`.
    pub(super) fn target<'a>(&self, line: &'a str, label_end: usize) -> &'a str {
        &line[label_end + "](".len()..self.end - 1]
    }
}

/// What a byte may be the start of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Mark,
    Backslash,
    Backtick,
    Open,
    Close,
    Colon,
    Wide,
    LineEnd,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Plain; 256];
    table[b'*' as usize] = Class::Mark;
    table[b'_' as usize] = Class::Mark;
    table[b'~' as usize] = Class::Mark;
    table[b'\\' as usize] = Class::Backslash;
    table[b'`' as usize] = Class::Backtick;
    table[b'[' as usize] = Class::Open;
    table[b']' as usize] = Class::Close;
    table[b':' as usize] = Class::Colon;
    table[0xE2] = Class::Wide;
    table[0xF0] = Class::Wide;
    table[b'\n' as usize] = Class::LineEnd;
    table[b'\r' as usize] = Class::LineEnd;
    table
};

/// False only if the tree of `text` is a single paragraph of plain text, or `text` is empty.
pub(super) fn may_hold_markup(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Most messages are words: deciding once for a whole chunk costs a fraction of a branch for each byte.
    bytes.chunks(CHUNK).enumerate().any(|(nth, chunk)| {
        let is_plain = chunk.iter().fold(true, |plain, byte| plain & PLAIN[usize::from(*byte)]);
        !is_plain
            && chunk
                .iter()
                .enumerate()
                .any(|(at, &byte)| starts_markup(byte, bytes.get(nth * CHUNK + at + 1)))
    })
}

const CHUNK: usize = 32;

const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        // A closing bracket does nothing without an opening one, which is seen by itself.
        table[byte] = matches!(CLASSES[byte], Class::Plain | Class::Close);
        byte += 1;
    }
    table
};

fn starts_markup(byte: u8, next: Option<&u8>) -> bool {
    match CLASSES[usize::from(byte)] {
        Class::Wide => emoji::may_start(byte, next),
        _ => !PLAIN[usize::from(byte)],
    }
}

/// Replaces `tokens` with those of `line`, in order and without overlaps.
pub(super) fn line(line: &str, tokens: &mut Vec<Token>) {
    Scanner::new(line, tokens).run();
}

/// Replaces `tokens` with those of a link's label, the range `from..to` of `line`: emphasis marks alone.
pub(super) fn label(line: &str, from: usize, to: usize, tokens: &mut Vec<Token>) {
    tokens.clear();
    super::worked(to - from);
    let inside = line.as_bytes()[from..to].iter().enumerate();
    let marks = inside.filter(|(_, byte)| CLASSES[usize::from(**byte)] == Class::Mark);
    tokens.extend(marks.map(|(at, _)| Token { kind: Kind::Mark, start: from + at, end: from + at + 1 }));
}

/// Whether `url` starts with `http://` or `https://`, in any case, and goes on.
pub(super) fn has_web_scheme(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| goes_on_after(url, scheme))
}

/// Whether a link may lead to `target`: the web, a mailbox or a telephone, nothing that could run as a script.
fn is_safe_target(target: &str) -> bool {
    has_web_scheme(target) || ["mailto:", "tel:"].iter().any(|scheme| goes_on_after(target, scheme))
}

fn goes_on_after(target: &str, scheme: &str) -> bool {
    let head = target.as_bytes().get(..scheme.len());
    target.len() > scheme.len() && head.is_some_and(|head| head.eq_ignore_ascii_case(scheme.as_bytes()))
}

/// An opening bracket that waits for its closing one.
struct Bracket {
    at: usize,
    /// How many tokens the line had before it: those after it would fall into the label.
    tokens_before: usize,
}

struct Scanner<'a, 't> {
    line: &'a str,
    bytes: &'a [u8],
    tokens: &'t mut Vec<Token>,
    brackets: Vec<Bracket>,
    underscores: usize,
    /// The bare addresses of the line, found once and in order. `None` until the first `://`.
    addresses: Option<std::iter::Peekable<Links<'a>>>,
    /// The parentheses that follow a `]`, each with its partner, sorted. `None` until the first is asked for.
    parentheses: Option<Vec<(usize, usize)>>,
}

impl<'a, 't> Scanner<'a, 't> {
    fn new(line: &'a str, tokens: &'t mut Vec<Token>) -> Self {
        tokens.clear();
        let bytes = line.as_bytes();
        Self { line, bytes, tokens, brackets: Vec::new(), underscores: 0, addresses: None, parentheses: None }
    }

    fn run(&mut self) {
        let mut at = 0;
        while let Some(&byte) = self.bytes.get(at) {
            super::worked(1);
            let class = CLASSES[usize::from(byte)];
            if class == Class::Plain {
                at += 1;
                continue;
            }
            let next = match class {
                Class::Plain | Class::LineEnd => None,
                Class::Mark => {
                    self.underscores += usize::from(byte == b'_');
                    Some(self.push(Kind::Mark, at, at + 1))
                }
                Class::Backslash => self.escape(at),
                Class::Backtick => self.code(at),
                Class::Open => {
                    self.brackets.push(Bracket { at, tokens_before: self.tokens.len() });
                    None
                }
                Class::Close => self.link(at),
                Class::Colon => self.short_code(at).or_else(|| self.url(at)),
                Class::Wide => self.emoji(at),
            };
            at = next.unwrap_or(at + 1);
        }
    }

    /// Adds a token and returns its end.
    fn push(&mut self, kind: Kind, start: usize, end: usize) -> usize {
        self.tokens.push(Token { kind, start, end });
        end
    }

    /// The token that ends exactly at `at`.
    fn token_before(&self, at: usize) -> Option<Kind> {
        self.tokens.last().filter(|token| token.end == at).map(|token| token.kind)
    }

    fn starts_word(&self, at: usize) -> bool {
        at == 0 || self.bytes[at - 1].is_ascii_whitespace()
    }

    fn escape(&mut self, at: usize) -> Option<usize> {
        let next = self.bytes.get(at + 1)?;
        if !matches!(next, b'*' | b'_' | b'~' | b'`' | b'#' | b'.') {
            return None;
        }
        Some(self.push(Kind::Escape, at, at + 1) + 1)
    }

    fn code(&mut self, at: usize) -> Option<usize> {
        let inside = self.bytes[at + 1..].iter().position(|&byte| byte == b'`');
        super::worked(inside.unwrap_or(self.bytes.len() - at));
        match inside {
            None | Some(0) => None,
            Some(length) => Some(self.push(Kind::Code, at, at + length + 2)),
        }
    }

    /// Handles the closing bracket at `close`: the end of a link's label if a target follows.
    fn link(&mut self, close: usize) -> Option<usize> {
        let open = self.brackets.pop()?;
        if self.bytes.get(close + 1) != Some(&b'(') || !is_safe_target(&self.line[close + 2..]) {
            return None;
        }
        let end = self.closing_parenthesis(close + 1)? + 1;
        let token = Token { kind: Kind::Link { label_end: close }, start: open.at, end };
        if !is_safe_target(token.target(self.line, close)) {
            return None;
        }
        self.tokens.truncate(open.tokens_before);
        // A link never holds another, so no bracket before this one can open a label any more.
        self.brackets.clear();
        self.tokens.push(token);
        Some(end)
    }

    /// The partner of the parenthesis at `open`, which follows a `]`; there is none beyond white space.
    fn closing_parenthesis(&mut self, open: usize) -> Option<usize> {
        let bytes = self.bytes;
        let pairs = self.parentheses.get_or_insert_with(|| {
            super::worked(bytes.len() - open);
            let mut waiting = Vec::new();
            let mut pairs = Vec::new();
            for (at, &byte) in bytes.iter().enumerate().skip(open) {
                match byte {
                    b'(' => waiting.push(at),
                    b')' => {
                        let open = waiting.pop().filter(|&open: &usize| bytes[open - 1] == b']');
                        pairs.extend(open.map(|open| (open, at)));
                    }
                    _ if byte.is_ascii_whitespace() || byte.is_ascii_control() => waiting.clear(),
                    _ => {}
                }
            }
            pairs.sort_unstable();
            pairs
        });
        let found = pairs.binary_search_by_key(&open, |pair| pair.0).ok()?;
        Some(pairs[found].1)
    }

    fn short_code(&mut self, colon: usize) -> Option<usize> {
        let after_token =
            matches!(self.token_before(colon), Some(Kind::Mark | Kind::Code | Kind::Link { .. }));
        if !after_token && !self.starts_word(colon) {
            return None;
        }
        let end = emoji::short_code_end(self.bytes, colon)?;
        let stands_alone = match self.bytes.get(end) {
            None => true,
            Some(next) => next.is_ascii_whitespace() || CLASSES[usize::from(*next)] == Class::Mark,
        };
        stands_alone.then(|| self.push(Kind::ShortCode, colon, end))
    }

    fn emoji(&mut self, at: usize) -> Option<usize> {
        if !emoji::may_start(self.bytes[at], self.bytes.get(at + 1)) {
            return None;
        }
        if self.token_before(at).is_none_or(|kind| kind == Kind::Escape) && !self.starts_word(at) {
            return None;
        }
        let end = emoji::sequence_end(self.line, at)?;
        super::worked(end - at);
        Some(self.push(Kind::Emoji, at, end))
    }

    /// Handles the colon at `colon`: the end of a bare address's scheme if `//` and a host follow.
    fn url(&mut self, colon: usize) -> Option<usize> {
        if !self.bytes[colon..].starts_with(b"://") {
            return None;
        }
        let start = ["https", "http"].iter().find_map(|scheme| {
            let start = colon.checked_sub(scheme.len())?;
            self.bytes[start..colon].eq_ignore_ascii_case(scheme.as_bytes()).then_some(start)
        })?;
        if self.tokens.last().is_some_and(|token| token.end > start) {
            return None;
        }
        let line = self.line;
        let addresses = self.addresses.get_or_insert_with(|| {
            super::worked(line.len());
            LinkFinder::new().kinds(&[LinkKind::Url]).links(line).peekable()
        });
        while addresses.next_if(|address| address.start() < start).is_some() {}
        let address = addresses.next_if(|address| address.start() == start)?;
        // The finder ends an address without a path before its fragment.
        let whole = address.end() + fragment_length(&self.bytes[address.end()..]);
        let end = start + self.trim_address(&line[start..whole]).len();
        let host = &line[colon + 3..end.max(colon + 3)];
        is_public_host(host).then(|| self.push(Kind::Url, start, end))
    }

    /// Leaves emphasis marks at the end of an address to the text around it.
    ///
    /// An underscore may well belong to the address, so it is left only if one before the address could open.
    fn trim_address(&self, address: &'a str) -> &'a str {
        let open_underscore = self.underscores % 2 == 1;
        address.trim_end_matches(|c| match c {
            '_' => open_underscore,
            '*' | '~' | '.' | ',' | ':' | ';' | '!' | '?' => true,
            _ => false,
        })
    }
}

/// How many bytes of `rest` are a fragment, its `#` included.
fn fragment_length(rest: &[u8]) -> usize {
    if rest.first() != Some(&b'#') {
        return 0;
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~.!/?=&%+".contains(&byte);
    let length = 1 + rest[1..].iter().take_while(|&&byte| is_part(byte)).count();
    super::worked(length);
    length
}

/// Whether an address with this host, and whatever follows it, is one a reader could open.
///
/// A name without a dot is a word that happens to follow a scheme.
fn is_public_host(after_scheme: &str) -> bool {
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let name = host.split(':').next().unwrap_or("");
    host.starts_with('[') || name.eq_ignore_ascii_case("localhost") || name.trim_matches('.').contains('.')
}
