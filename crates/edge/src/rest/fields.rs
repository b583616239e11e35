//! Request fields before they have a type, and the checks that give them one (sections 1.1 and 1.4 of
//! `visitor-api.md`): missing properties, then unknown ones, then each in the listed order; scalars are coerced,
//! objects and arrays never become text.

use std::borrow::Cow;
use std::fmt;

use parlor_model::ErrorCode;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A field as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Field<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    /// Any other number.
    Number(f64),
    Text(Cow<'a, str>),
    Array(Vec<Field<'a>>),
    Object(Fields<'a>),
}

/// The fields of an object, in the order they arrived, each name once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fields<'a>(pub(crate) Vec<(Cow<'a, str>, Field<'a>)>);

/// Why fields could not be read at all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Not JSON, or not an object: counts as an empty object (section 1.1).
    Shapeless,
    /// A name stands twice: which one counts would be a guess.
    Duplicate(String),
}

const DUPLICATE: &str = "duplicate property ";
/// Properties of one object. Names are compared one by one, and a refusal must not become a way to make the server
/// compare for hours.
const MOST: usize = 256;

impl<'a> Fields<'a> {
    /// Reads a JSON object.
    pub(crate) fn from_json(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        match serde_json::from_slice::<Field<'a>>(bytes) {
            Ok(Field::Object(fields)) => Ok(fields),
            Ok(_) => Err(Unreadable::Shapeless),
            Err(error) => {
                let text = error.to_string();
                match text.strip_prefix(DUPLICATE).and_then(|rest| rest.split_once('\u{0}')) {
                    Some((name, _)) => Err(Unreadable::Duplicate(name.to_owned())),
                    None => Err(Unreadable::Shapeless),
                }
            }
        }
    }

    /// Reads a query string or a form: `a=1`, `a[b]=1` makes an object, a repeated name or `a[]=1` an array.
    /// `None` if it is not UTF-8, nests too deep or has too many names.
    pub(crate) fn from_form(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::default();
        if bytes.is_empty() {
            return Some(fields);
        }
        // The parser below would put replacement characters in their place.
        percent_encoding::percent_decode(bytes).decode_utf8().ok()?;
        for (key, value) in form_urlencoded::parse(bytes) {
            let (name, path) = split_key(&key)?;
            fields.place(Cow::Owned(name.to_owned()), &path, Field::Text(value))?;
        }
        Some(fields)
    }

    fn place(&mut self, name: Cow<'a, str>, path: &[&str], value: Field<'a>) -> Option<()> {
        let known = self.0.iter().position(|(n, _)| *n == name);
        if known.is_none() && self.0.len() >= MOST {
            return None;
        }
        let Some((next, rest)) = path.split_first() else {
            match known {
                None => self.0.push((name, value)),
                Some(i) => append(&mut self.0[i].1, value),
            }
            return Some(());
        };
        let i = known.unwrap_or_else(|| {
            self.0.push((
                name,
                if next.is_empty() { Field::Array(Vec::new()) } else { Field::Object(Self::default()) },
            ));
            self.0.len() - 1
        });
        match &mut self.0[i].1 {
            Field::Object(inner) if !next.is_empty() => {
                inner.place(Cow::Owned((*next).to_owned()), rest, value)
            }
            other => {
                append(other, value);
                Some(())
            }
        }
    }

    /// An array of one is its item: some clients write queries that way (section 1.4).
    pub(crate) fn unwrap_single(mut self) -> Self {
        for (_, field) in &mut self.0 {
            if let Field::Array(items) = field
                && items.len() == 1
            {
                *field = items.swap_remove(0);
            }
        }
        self
    }

    /// The fields of an object inside.
    pub(crate) fn inner(&self, name: &str) -> Option<&Fields<'a>> {
        self.0.iter().find(|(n, _)| n == name).and_then(|(_, field)| match field {
            Field::Object(fields) => Some(fields),
            _ => None,
        })
    }

    /// Whether a field is there, whatever it holds.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// The text of a field that holds a usable one, before any check: for limits that are kept per token.
    pub(crate) fn peek(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).and_then(|(_, field)| match field {
            Field::Text(text) => Some(text.as_ref()),
            _ => None,
        })
    }
}

fn append<'a>(field: &mut Field<'a>, value: Field<'a>) {
    match field {
        Field::Array(items) => items.push(value),
        other => {
            let first = std::mem::replace(other, Field::Null);
            *other = Field::Array(vec![first, value]);
        }
    }
}

/// `a[b][c]` is the name `a` and the path `b`, `c`; at most five steps.
fn split_key(key: &str) -> Option<(&str, Vec<&str>)> {
    let Some((name, rest)) = key.split_once('[').filter(|(name, _)| !name.is_empty()) else {
        return Some((key, Vec::new()));
    };
    let path: Vec<&str> = rest.split('[').map(|step| step.strip_suffix(']')).collect::<Option<_>>()?;
    (path.len() <= 5).then_some((name, path))
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Self::Value, E> {
        Ok(Field::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
        Ok(Field::Integer(v))
    }

    #[allow(clippy::cast_precision_loss)] // JavaScript's numbers lose it too
    fn visit_u64<E>(self, v: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(v).map_or(Field::Number(v as f64), Field::Integer))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
        Ok(Field::Number(v))
    }

    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(v)))
    }

    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(v.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Field::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(Name(name)) = map.next_key()? {
            if fields.0.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format!("{DUPLICATE}{name}\u{0}")));
            }
            if fields.0.len() >= MOST {
                return Err(A::Error::custom("too many properties"));
            }
            fields.0.push((name, map.next_value()?));
        }
        Ok(Field::Object(fields))
    }
}

/// A property's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a property name")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(v.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// A request type with its schema. All schemas are closed unless they say otherwise (decision D15).
pub(crate) trait Shape: Sized {
    /// The properties in check order: name, and whether it must be there.
    const PROPERTIES: &'static [(&'static str, bool)];
    /// Unknown properties are passed over rather than refused.
    const OPEN: bool = false;

    /// Takes the properties out, in listed order.
    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode>;

    /// Checks the whole object.
    fn check(fields: Fields<'_>) -> Result<Self, ErrorCode> {
        let names: Vec<&str> = fields.0.iter().map(|(name, _)| name.as_ref()).collect();
        if let Some((missing, _)) =
            Self::PROPERTIES.iter().find(|(name, required)| *required && !names.contains(name))
        {
            return Err(ErrorCode::invalid_params(format!("must have required property '{missing}'")));
        }
        if !Self::OPEN && names.iter().any(|name| !Self::PROPERTIES.iter().any(|(known, _)| known == name)) {
            return Err(ErrorCode::invalid_params("must NOT have additional properties"));
        }
        Self::read(&mut Reader { fields })
    }
}

/// Takes properties out of checked fields, each as its type.
pub(crate) struct Reader<'a> {
    fields: Fields<'a>,
}

impl<'a> Reader<'a> {
    /// The property as it arrived; `None` if it is absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Field<'a>> {
        let i = self.fields.0.iter().position(|(known, _)| known == name)?;
        Some(self.fields.0.swap_remove(i).1)
    }

    /// A string; a scalar is coerced, `null` and absence are the empty string.
    pub(crate) fn string(&mut self, name: &str) -> Result<String, ErrorCode> {
        Ok(self.take(name).map(text).transpose()?.flatten().unwrap_or_default())
    }

    /// A string that may be absent or `null`.
    pub(crate) fn nullable(&mut self, name: &str) -> Result<Option<String>, ErrorCode> {
        Ok(self.take(name).map(text).transpose()?.flatten())
    }

    /// A truth value; absent and `null` are none.
    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, ErrorCode> {
        match self.take(name) {
            None | Some(Field::Null) => Ok(None),
            Some(Field::Bool(b)) => Ok(Some(b)),
            Some(Field::Text(t)) if t == "true" => Ok(Some(true)),
            Some(Field::Text(t)) if t == "false" => Ok(Some(false)),
            Some(Field::Integer(n @ (0 | 1))) => Ok(Some(n == 1)),
            Some(_) => Err(ErrorCode::invalid_params("must be boolean")),
        }
    }

    /// A number; absent, `null` and the empty string are none. Fractions are cut off.
    #[allow(clippy::cast_possible_truncation)] // saturates, and limits are clamped anyway
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<i64>, ErrorCode> {
        match self.take(name) {
            None | Some(Field::Null) => Ok(None),
            Some(Field::Integer(n)) => Ok(Some(n)),
            Some(Field::Number(n)) => Ok(Some(n as i64)),
            Some(Field::Bool(b)) => Ok(Some(i64::from(b))),
            Some(Field::Text(t)) if t.trim().is_empty() => Ok(None),
            Some(Field::Text(t)) => match t.trim().parse::<f64>() {
                Ok(n) if n.is_finite() => Ok(Some(n as i64)),
                _ => Err(ErrorCode::invalid_params("must be number")),
            },
            Some(Field::Array(_) | Field::Object(_)) => Err(ErrorCode::invalid_params("must be number")),
        }
    }
}

/// A scalar as text; `null` is none.
pub(crate) fn text(field: Field<'_>) -> Result<Option<String>, ErrorCode> {
    let text = match field {
        Field::Null => return Ok(None),
        Field::Bool(b) => b.to_string(),
        Field::Integer(n) => n.to_string(),
        Field::Number(n) => n.to_string(),
        Field::Text(t) => t.into_owned(),
        Field::Array(_) | Field::Object(_) => return Err(ErrorCode::invalid_params("must be string")),
    };
    // One of the two engines cannot hold it, and no one types it.
    if text.contains('\0') {
        return Err(ErrorCode::invalid_params("must NOT contain the null character"));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        token: String,
        limit: Option<i64>,
    }

    impl Shape for Sample {
        const PROPERTIES: &'static [(&'static str, bool)] =
            &[("token", true), ("rid", true), ("limit", false)];
        fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
            let token = fields.string("token")?;
            fields.string("rid")?;
            Ok(Self { token, limit: fields.number("limit")? })
        }
    }

    fn check(json: &str) -> Result<Sample, String> {
        let fields = Fields::from_json(json.as_bytes()).unwrap_or_default();
        Sample::check(fields).map_err(|e| match e {
            ErrorCode::Coded { code, reason, .. } => format!("{reason} [{code}]"),
            ErrorCode::Plain(code) => code.to_owned(),
        })
    }

    #[test]
    fn the_first_failure_in_the_contracts_order_is_told() {
        for (json, told) in [
            ("{}", "must have required property 'token' [invalid-params]"),
            (r#"{"token":"a"}"#, "must have required property 'rid' [invalid-params]"),
            (r#"{"x":1,"token":"a"}"#, "must have required property 'rid' [invalid-params]"),
            (r#"{"token":{},"rid":"b","x":1}"#, "must NOT have additional properties [invalid-params]"),
            (r#"{"rid":[],"token":{}}"#, "must be string [invalid-params]"),
            (r#"{"rid":"r","token":"t","limit":"abc"}"#, "must be number [invalid-params]"),
            (r#"{"rid":"r","token":"a\u0000"}"#, "must NOT contain the null character [invalid-params]"),
            ("not json", "must have required property 'token' [invalid-params]"),
            (r#"["token","rid"]"#, "must have required property 'token' [invalid-params]"),
        ] {
            assert_eq!(check(json), Err(told.into()), "{json}");
        }
    }

    #[test]
    fn scalars_are_coerced() {
        let token = |json: &str| check(json).unwrap().token;
        assert_eq!(token(r#"{"token":5,"rid":""}"#), "5");
        assert_eq!(token(r#"{"token":1.5,"rid":""}"#), "1.5");
        assert_eq!(token(r#"{"token":1e3,"rid":""}"#), "1000");
        assert_eq!(token(r#"{"token":true,"rid":""}"#), "true");
        assert_eq!(token(r#"{"token":null,"rid":""}"#), "");
        assert_eq!(check(r#"{"token":"t","rid":"r","limit":"50"}"#).unwrap().limit, Some(50));
        assert_eq!(check(r#"{"token":"t","rid":"r","limit":""}"#).unwrap().limit, None);
        assert_eq!(check(r#"{"token":"t","rid":"r","limit":-2.9}"#).unwrap().limit, Some(-2));
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let twice = Fields::from_json(br#"{"msg":"a","msg":"b"}"#);
        assert_eq!(twice, Err(Unreadable::Duplicate("msg".into())));
        let escaped = Fields::from_json(br#"{"agent":{"a":1,"\u0061":2}}"#);
        assert_eq!(escaped, Err(Unreadable::Duplicate("a".into())));
    }

    #[test]
    fn brackets_build_objects_and_repetition_arrays() {
        let fields = Fields::from_form(b"token[$ne]=x&rid=a&rid=b&list[]=1&plain=c%20d").unwrap();
        assert!(matches!(&fields.0[0], (n, Field::Object(_)) if n == "token"));
        assert!(matches!(&fields.0[1], (n, Field::Array(items)) if n == "rid" && items.len() == 2));
        assert!(matches!(&fields.0[2], (n, Field::Array(items)) if n == "list" && items.len() == 1));
        assert_eq!(fields.peek("plain"), Some("c d"));
        assert_eq!(Fields::from_form(b"a=%ff"), None);
    }

    proptest! {
        #[test]
        fn nothing_that_arrives_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Fields::from_form(&bytes);
            let _ = Fields::from_json(&bytes).map(Sample::check);
        }
    }
}
