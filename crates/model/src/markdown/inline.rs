//! Pairs the emphasis marks of a line and writes its nodes.
//!
//! Owns emphasis and the JSON of everything inside a paragraph. Must not search the text for tokens.
//! Recursion is bounded by the grammar: a pair of marks never holds the same mark, and a label holds no link, so
//! three kinds of emphasis around a link around three more is the deepest tree there is.

use super::json;
use super::scan::{self, Kind, Token};

/// Writes inline nodes into an array that its caller opened and will close.
pub(super) struct Inline<'o> {
    out: &'o mut Vec<u8>,
    /// A plain text node is open and takes what follows, so that neighbours become one node.
    in_text: bool,
}

/// Two runs of the same mark with something between them.
struct Pair {
    /// Marks on each side: 1 or 2.
    width: usize,
    /// Index of the first closing token.
    close: usize,
    /// False if a letter follows, which keeps the underscores of a name as they are.
    emphasises: bool,
}

impl<'o> Inline<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, in_text: false }
    }

    /// Writes the nodes of a whole line.
    pub(super) fn line(&mut self, line: &str, tokens: &[Token]) {
        let is_star = |token: &&Token| line.as_bytes()[token.start] == b'*';
        // The odd asterisk of a line that starts with one and a space is a bullet.
        let is_bullet = line.starts_with("* ") && tokens.iter().filter(is_star).count() % 2 == 1;
        self.spans(line, &tokens[usize::from(is_bullet)..], 0, line.len());
        self.end_text();
    }

    /// Writes an emoji node; `token` is a short code or a unicode emoji of `text`.
    pub(super) fn emoji(&mut self, text: &str, token: &Token) {
        self.node("EMOJI");
        if token.kind == Kind::ShortCode {
            let name = &text[token.start + 1..token.end - 1];
            self.out.extend_from_slice(br#","value":"#);
            json::plain_text(name, self.out);
            self.out.extend_from_slice(br#","shortCode":"#);
            json::write_json_string(name, self.out);
        } else {
            self.out.extend_from_slice(br#","unicode":"#);
            json::write_json_string(&text[token.start..token.end], self.out);
        }
        self.out.push(b'}');
    }

    /// Writes the nodes of `from..to`, whose tokens are `tokens`; may leave a text node open.
    fn spans(&mut self, line: &str, tokens: &[Token], from: usize, to: usize) {
        let mut at = from;
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            super::worked(1);
            self.text(&line[at..token.start]);
            at = token.end;
            index += 1;
            match token.kind {
                Kind::Mark => {
                    if let Some(pair) = pair(line, tokens, index - 1) {
                        at = self.emphasis(line, tokens, index - 1, &pair);
                        index = pair.close + pair.width;
                    } else {
                        // An underscore that a word runs into makes those right after it part of the word, too.
                        while is_inside_word(line, token.start) && is_run(line, tokens, index - 1) {
                            at = tokens[index].end;
                            index += 1;
                        }
                        self.text(&line[token.start..at]);
                    }
                }
                Kind::Escape => {}
                Kind::Code => {
                    self.node("INLINE_CODE");
                    self.out.extend_from_slice(br#","value":"#);
                    json::plain_text(&line[token.start + 1..token.end - 1], self.out);
                    self.out.push(b'}');
                }
                Kind::Url => {
                    let url = &line[token.start..token.end];
                    self.link(url, |label| label.text(url));
                }
                Kind::Link { label_end } => {
                    let target = token.target(line, label_end);
                    self.link(target, |label| label.label(line, token.start + 1, label_end, target));
                }
                Kind::ShortCode | Kind::Emoji => self.emoji(line, token),
            }
        }
        self.text(&line[at..to]);
    }

    /// Writes a pair of marks with what they hold, and returns where it ends.
    fn emphasis(&mut self, line: &str, tokens: &[Token], open: usize, pair: &Pair) -> usize {
        let start = tokens[open].start;
        let inner = start + pair.width..tokens[pair.close].start;
        let end = inner.end + pair.width;
        let held = &tokens[open + pair.width..pair.close];
        if pair.emphasises {
            self.node(match line.as_bytes()[start] {
                b'*' => "BOLD",
                b'_' => "ITALIC",
                _ => "STRIKE",
            });
            self.out.extend_from_slice(br#","value":["#);
            self.spans(line, held, inner.start, inner.end);
            self.end_text();
            self.out.extend_from_slice(b"]}");
        } else {
            self.text(&line[start..inner.start]);
            self.spans(line, held, inner.start, inner.end);
            self.text(&line[inner.end..end]);
        }
        end
    }

    fn link(&mut self, target: &str, write_label: impl FnOnce(&mut Self)) {
        self.node("LINK");
        self.out.extend_from_slice(br#","value":{"src":"#);
        json::plain_text(target, self.out);
        self.out.extend_from_slice(br#","label":["#);
        write_label(self);
        self.end_text();
        self.out.extend_from_slice(b"]}}");
    }

    fn label(&mut self, line: &str, from: usize, to: usize, target: &str) {
        if from == to {
            self.text(target);
            return;
        }
        let mut tokens = Vec::new();
        scan::label(line, from, to, &mut tokens);
        self.spans(line, &tokens, from, to);
    }

    /// Opens a node of this type, up to and without the comma after the type.
    fn node(&mut self, kind: &str) {
        self.end_text();
        json::separate(self.out);
        self.out.extend_from_slice(br#"{"type":""#);
        self.out.extend_from_slice(kind.as_bytes());
        self.out.push(b'"');
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.in_text {
            json::separate(self.out);
            self.out.extend_from_slice(br#"{"type":"PLAIN_TEXT","value":""#);
            self.in_text = true;
        }
        super::worked(text.len());
        json::escape(text, self.out);
    }

    fn end_text(&mut self) {
        if self.in_text {
            self.out.extend_from_slice(br#""}"#);
            self.in_text = false;
        }
    }
}

/// The pair that the mark at `open` begins, if the same mark closes it and something stands between.
///
/// Looks no further than the next mark of the same kind, where the next look begins: the looks at one level of
/// nesting never overlap.
fn pair(line: &str, tokens: &[Token], open: usize) -> Option<Pair> {
    let bytes = line.as_bytes();
    let start = tokens[open].start;
    let mark = bytes[start];
    if is_inside_word(line, start) {
        return None;
    }
    let is_same = |token: &Token| token.kind == Kind::Mark && bytes[token.start] == mark;
    let width = if is_run(line, tokens, open) { 2 } else { 1 };
    let further = tokens[open + width..].iter().position(is_same);
    super::worked(further.unwrap_or(tokens.len() - open));
    let close = open + width + further?;
    let inner = &line[start + width..tokens[close].start];
    super::worked(inner.len());
    if inner.trim().is_empty() || (width == 2 && !is_run(line, tokens, close)) {
        return None;
    }
    let after = bytes.get(tokens[close].start + width);
    let emphasises = mark != b'_' || !after.is_some_and(u8::is_ascii_alphabetic);
    Some(Pair { width, close, emphasises })
}

/// Whether the mark at `at` is an underscore right after a letter or digit, where it never opens emphasis.
fn is_inside_word(line: &str, at: usize) -> bool {
    let bytes = line.as_bytes();
    bytes[at] == b'_' && at > 0 && bytes[at - 1].is_ascii_alphanumeric()
}

/// Whether the mark at `index` has the same mark right after it.
fn is_run(line: &str, tokens: &[Token], index: usize) -> bool {
    let (bytes, first) = (line.as_bytes(), &tokens[index]);
    tokens.get(index + 1).is_some_and(|next| {
        next.kind == Kind::Mark && next.start == first.end && bytes[next.start] == bytes[first.start]
    })
}
