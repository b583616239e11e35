//! JSON output on a byte buffer: string literals, separators and the plain text node.
//!
//! Owns escaping. Must not know the grammar.

/// What follows the backslash for each byte: 0 for a byte that stands for itself, `u` for a numeric escape.
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = b'u';
        control += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0A] = b'n';
    table[0x0C] = b'f';
    table[0x0D] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// Appends `text` as a JSON string literal, quotes included.
///
/// Escapes the quotation mark, the backslash and the control characters below U+0020, nothing else.
pub fn write_json_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape(text, out);
    out.push(b'"');
}

/// Appends `text` as the inside of a JSON string literal.
pub(super) fn escape(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape = ESCAPES[usize::from(byte)];
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(&bytes[written..at]);
        out.extend_from_slice(&[b'\\', escape]);
        if escape == b'u' {
            out.extend_from_slice(&[b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        written = at + 1;
    }
    out.extend_from_slice(&bytes[written..]);
}

/// Appends the comma that a further element of an array needs, and nothing before the first.
///
/// The buffer must end between two elements: after `[`, or after a complete element.
pub(super) fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'[') {
        out.push(b',');
    }
}

/// Appends a plain text node.
pub(super) fn plain_text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"PLAIN_TEXT","value":"#);
    write_json_string(text, out);
    out.push(b'}');
}
