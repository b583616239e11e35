//! Turns the text of a chat message into the `md` tree that chat clients render.
//!
//! Owns the grammar (paragraphs, emphasis, code, links, emoji) and the JSON of its nodes, which are those of the
//! published message parser of Rocket.Chat. Constructs outside this grammar (headings, lists, quotes, mentions,
//! ...) stay plain text. Must not fail, panic, recurse without a bound or take more than linear time: every byte
//! here is chosen by a stranger.
//!
//! The work is done in three layers: `block` cuts the text into lines and code blocks, `scan` finds the tokens of
//! one line, `inline` pairs the emphasis marks among them and writes the nodes.

mod block;
mod emoji;
mod inline;
mod json;
#[cfg(test)]
mod properties;
mod scan;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use block::{Block, Blocks};
use inline::Inline;
use scan::{Kind, Token};

pub use json::write_json_string;

/// Appends the JSON array of the `md` tree of `text`.
///
/// Never fails: what cannot be read as a construct is plain text. The empty text gives `[]`. Takes time linear in
/// the length of `text`, and allocates nothing but room in `out` when the text holds no markup.
pub fn write_md(text: &str, out: &mut Vec<u8>) {
    const ROOM_FOR_ONE_PARAGRAPH: usize = 72;
    out.reserve(text.len() + ROOM_FOR_ONE_PARAGRAPH);
    if !text.is_empty() && !scan::may_hold_markup(text) {
        out.extend_from_slice(br#"[{"type":"PARAGRAPH","value":["#);
        json::plain_text(text, out);
        out.extend_from_slice(b"]}]");
        return;
    }
    out.push(b'[');
    if let Some(found) = emoji::only_a_few(text) {
        write_big_emoji(text, &found, out);
    } else {
        let mut tokens = Vec::new();
        for block in Blocks::new(text) {
            write_block(&block, &mut tokens, out);
        }
    }
    out.push(b']');
}

/// The http and https links of `text` outside code, each once, in the order of their first appearance.
///
/// These are exactly the links with such a scheme that [`write_md`] puts into the tree, bare ones and targets of
/// `[label](url)` alike. Takes time linear in the length of `text`.
pub fn urls(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    if !text.contains("://") {
        return found;
    }
    let mut seen = HashSet::new();
    let mut tokens = Vec::new();
    for block in Blocks::new(text) {
        let Block::Line(line) = block else { continue };
        scan::line(line, &mut tokens);
        for token in &tokens {
            let url = match token.kind {
                Kind::Url => &line[token.start..token.end],
                Kind::Link { label_end } => token.target(line, label_end),
                _ => continue,
            };
            if scan::has_web_scheme(url) && seen.insert(url) {
                found.push(url);
            }
        }
    }
    found
}

fn write_block(block: &Block<'_>, tokens: &mut Vec<Token>, out: &mut Vec<u8>) {
    json::separate(out);
    match *block {
        Block::Break => out.extend_from_slice(br#"{"type":"LINE_BREAK"}"#),
        Block::Line(line) => {
            scan::line(line, tokens);
            out.extend_from_slice(br#"{"type":"PARAGRAPH","value":["#);
            Inline::new(out).line(line, tokens);
            out.extend_from_slice(b"]}");
        }
        Block::Code { language, body } => {
            out.extend_from_slice(br#"{"type":"CODE","language":"#);
            write_json_string(if language.is_empty() { "none" } else { language }, out);
            out.extend_from_slice(br#","value":["#);
            for line in block::lines(body) {
                json::separate(out);
                out.extend_from_slice(br#"{"type":"CODE_LINE","value":"#);
                json::plain_text(line, out);
                out.push(b'}');
            }
            out.extend_from_slice(b"]}");
        }
    }
}

fn write_big_emoji(text: &str, found: &[Token], out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"BIG_EMOJI","value":["#);
    let mut inline = Inline::new(out);
    for token in found {
        inline.emoji(text, token);
    }
    out.extend_from_slice(b"]}");
}

/// Counts units of work, so that tests can hold the grammar to linear time without a clock.
///
/// Costs nothing outside tests.
#[inline]
fn worked(units: usize) {
    #[cfg(test)]
    tests::STEPS.with(|steps| steps.set(steps.get() + units));
    #[cfg(not(test))]
    let _ = units;
}
