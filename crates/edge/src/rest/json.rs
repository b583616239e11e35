//! Writes JSON objects straight into the answer's bytes: a page of history is fifty messages of some fifteen fields,
//! and a message's `md` tree is written by the parser itself.

use parlor_model::Millis;
use parlor_model::markdown::write_json_string;

/// An object that is being written.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// Writes the key (which needs no escaping) and gives the place for the value.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        write_json_string(value, self.key(key));
    }

    pub(crate) fn text_if(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    pub(crate) fn time(&mut self, key: &str, value: Millis) {
        let out = self.key(key);
        out.push(b'"');
        out.extend_from_slice(value.iso().as_str().as_bytes());
        out.push(b'"');
    }

    pub(crate) fn int(&mut self, key: &str, value: i64) {
        let out = self.key(key);
        if value < 0 {
            out.push(b'-');
        }
        let mut digits = [0_u8; 20];
        let mut rest = value.unsigned_abs();
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        out.extend_from_slice(&digits[at..]);
    }

    /// Bytes that are JSON already.
    pub(crate) fn raw(&mut self, key: &str, value: &[u8]) {
        self.key(key).extend_from_slice(value);
    }

    /// Several fields that are JSON already, separated by commas.
    pub(crate) fn fields(&mut self, fields: &[u8]) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.out.extend_from_slice(fields);
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}
