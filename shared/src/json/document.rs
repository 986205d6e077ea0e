//! A JSON text as a tree that keeps the order and the repetitions of its names.

use std::borrow::Cow;
use std::fmt;

use secrecy::zeroize::Zeroize as _;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A parsed JSON text. It borrows the strings that contain no escapes.
#[derive(Debug)]
pub enum Document<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; the readers use whole ones only.
    Number(serde_json::Number),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Document<'a>>),
    /// An object, as its entries in the order of the text.
    Object(Vec<(Cow<'a, str>, Document<'a>)>),
}

impl<'a> Document<'a> {
    /// Parses a whole text.
    ///
    /// # Errors
    /// If the text is not JSON: what is wrong, with line and column.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))
    }

    /// Overwrites every text that it owns. These are the texts with escapes,
    /// such as a private key. The owner of the borrowed texts wipes those.
    pub fn wipe(&mut self) {
        match self {
            Self::Text(Cow::Owned(text)) => text.zeroize(),
            Self::List(items) => items.iter_mut().for_each(Self::wipe),
            Self::Object(entries) => entries.iter_mut().for_each(|(_, value)| value.wipe()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(Cow::Borrowed(_)) => {}
        }
    }

    /// The JSON type's name, with its article.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Document<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Document::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Document::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Document::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Document::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        serde_json::Number::from_f64(value).map(Document::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Document::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Document::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Document::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut object = Vec::new();
        while let Some(Name(name)) = entries.next_key()? {
            object.push((name, entries.next_value()?));
        }
        Ok(Document::Object(object))
    }
}

/// A field name; serde's own `Cow<str>` never borrows.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_its_own_is_left_after_wiping() {
        let mut document =
            Document::parse(r#"{"a":"BEGIN\nhidden","b":["hid\tden",{"c":"\u0068idden"}],"d":"mine"}"#).unwrap();
        document.wipe();
        let left = format!("{document:?}");
        assert!(!left.contains("hid") && !left.contains("BEGIN") && left.contains("mine"), "{left}");
    }
}
