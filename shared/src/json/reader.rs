//! Reads a [`Document`] into types, and collects all faults.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::fmt::{Display, Write as _};
use std::hash::Hash;
use std::str::FromStr;

use super::Document;

/// Most objects have no more known fields than this.
const USUAL_FIELDS: usize = 8;

/// How many faults are reported: a hostile body must not make a long answer.
pub const MAX_FAULTS: usize = 50;

const STANDS_TWICE: &str = "this name occurs twice; one of the two values would be lost";

/// One thing wrong at one place of a JSON text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JsonFault {
    /// RFC 6901 pointer to the place; `""` is the whole text.
    pub pointer: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

impl JsonFault {
    /// A fault of the field `name` of the outermost object.
    #[must_use]
    pub fn of_field(name: &str, detail: String) -> Self {
        Self { pointer: format!("/{}", escaped(name)), detail }
    }
}

/// A name as a token of a pointer (RFC 6901 section 3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

enum Step<'j> {
    Field(&'j str),
    Index(usize),
}

/// The current place in the document, and the faults that were found so far.
#[derive(Default)]
pub struct Reader<'j> {
    path: Vec<Step<'j>>,
    faults: Vec<JsonFault>,
}

impl<'j> Reader<'j> {
    /// Reads a whole document with `read`.
    ///
    /// # Errors
    /// All faults, in the order in which they were found.
    pub fn read<T>(
        document: &'j Document<'j>,
        read: impl FnOnce(&mut Self, &'j Document<'j>) -> Option<T>,
    ) -> Result<T, Vec<JsonFault>> {
        let mut reader = Self::default();
        match read(&mut reader, document) {
            Some(value) if reader.faults.is_empty() => Ok(value),
            _ => Err(reader.faults),
        }
    }

    /// Records a fault at the current place.
    pub fn fault(&mut self, detail: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            let fault = JsonFault { pointer: self.pointer(), detail: detail.into() };
            self.faults.push(fault);
        }
    }

    /// Reads an object of known fields; any other field is a fault.
    pub fn object<T>(
        &mut self,
        json: &'j Document<'j>,
        read: impl FnOnce(&mut Fields<'_, 'j>) -> Option<T>,
    ) -> Option<T> {
        let entries = self.expect_object(json)?;
        let mut fields = Fields { reader: self, entries, known: Vec::with_capacity(USUAL_FIELDS) };
        let value = read(&mut fields);
        fields.refuse_unknown();
        value
    }

    /// Reads an object that may also have fields that `read` does not know.
    pub fn open_object<T>(
        &mut self,
        json: &'j Document<'j>,
        read: impl FnOnce(&mut Fields<'_, 'j>) -> Option<T>,
    ) -> Option<T> {
        let entries = self.expect_object(json)?;
        read(&mut Fields { reader: self, entries, known: Vec::new() })
    }

    /// Reads an object whose names are keys, each name and value with `read`.
    pub fn map<K: FromStr<Err: Display> + Borrow<str> + Eq + Hash, V>(
        &mut self,
        json: &'j Document<'j>,
        mut read: impl FnMut(&mut Self, &'j str, &'j Document<'j>) -> Option<V>,
    ) -> Option<HashMap<K, V>> {
        let entries = self.expect_object(json)?;
        let mut map = HashMap::with_capacity(entries.len());
        let mut refused = HashSet::new();
        for (name, value) in entries {
            self.at(Step::Field(name), |reader| {
                if map.contains_key(name.as_ref()) || refused.contains(name) {
                    reader.fault(STANDS_TWICE);
                }
                let key = name.parse::<K>().map_err(|error| reader.fault(error.to_string())).ok();
                if let (Some(key), Some(value)) = (key, read(reader, name, value)) {
                    map.insert(key, value);
                } else {
                    refused.insert(name);
                }
            });
        }
        Some(map)
    }

    /// Reads an array, each item with `read`; items that fail are left out.
    pub fn list<T>(
        &mut self,
        json: &'j Document<'j>,
        mut read: impl FnMut(&mut Self, &'j Document<'j>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Document::List(items) = json else {
            self.wrong_kind(json, "an array");
            return None;
        };
        let read_item = |(index, item)| self.at(Step::Index(index), |reader| read(reader, item));
        Some(items.iter().enumerate().filter_map(read_item).collect())
    }

    /// Reads a string.
    pub fn text(&mut self, json: &'j Document<'j>) -> Option<&'j str> {
        let Document::Text(text) = json else {
            self.wrong_kind(json, "a string");
            return None;
        };
        Some(text)
    }

    /// Reads a string that has to be a `T`.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, json: &'j Document<'j>) -> Option<T> {
        let text = self.text(json)?;
        text.parse().map_err(|error: T::Err| self.fault(error.to_string())).ok()
    }

    /// Reads `true` or `false`.
    pub fn boolean(&mut self, json: &'j Document<'j>) -> Option<bool> {
        let Document::Bool(value) = json else {
            self.wrong_kind(json, "true or false");
            return None;
        };
        Some(*value)
    }

    /// Reads a whole number of the given range.
    pub fn whole(&mut self, json: &'j Document<'j>, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let (low, high) = (range.start(), range.end());
        let Document::Number(number) = json else {
            self.wrong_kind(json, "a whole number");
            return None;
        };
        let value = number.as_u64().filter(|value| range.contains(value));
        if value.is_none() {
            self.fault(format!("expected a whole number from {low} to {high}"));
        }
        value
    }

    fn expect_object(&mut self, json: &'j Document<'j>) -> Option<&'j [(std::borrow::Cow<'j, str>, Document<'j>)]> {
        let Document::Object(entries) = json else {
            self.wrong_kind(json, "an object");
            return None;
        };
        Some(entries)
    }

    fn wrong_kind(&mut self, json: &Document<'_>, expected: &str) {
        self.fault(format!("expected {expected}, found {}", json.kind()));
    }

    fn at<T>(&mut self, step: Step<'j>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let value = read(self);
        self.path.pop();
        value
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            match step {
                Step::Field(name) => pointer.push_str(&escaped(name)),
                Step::Index(index) => {
                    let _ = write!(pointer, "{index}");
                }
            }
        }
        pointer
    }
}

/// The fields of one object while it is being read.
pub struct Fields<'r, 'j> {
    reader: &'r mut Reader<'j>,
    entries: &'j [(std::borrow::Cow<'j, str>, Document<'j>)],
    known: Vec<&'static str>,
}

impl<'j> Fields<'_, 'j> {
    /// Reads a field that has to be present.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reader<'j>, &'j Document<'j>) -> Option<T>,
    ) -> Option<T> {
        let Some(value) = self.find(name) else {
            self.reader.fault(format!("the field `{name}` is missing"));
            return None;
        };
        self.reader.at(Step::Field(name), |reader| read(reader, value))
    }

    /// Reads a field that may be left out.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reader<'j>, &'j Document<'j>) -> Option<T>,
    ) -> Option<T> {
        let value = self.find(name)?;
        self.reader.at(Step::Field(name), |reader| read(reader, value))
    }

    /// Reads a field whose default is `default`; `None` only
    /// if it is present and has a fault.
    pub fn optional_or<T>(
        &mut self,
        name: &'static str,
        default: T,
        read: impl FnOnce(&mut Reader<'j>, &'j Document<'j>) -> Option<T>,
    ) -> Option<T> {
        match self.find(name) {
            Some(value) => self.reader.at(Step::Field(name), |reader| read(reader, value)),
            None => Some(default),
        }
    }

    /// Whether the field is present, with or without a fault.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(found, _)| found == name)
    }

    /// Records a fault of the whole object, or of one of its fields.
    pub fn fault(&mut self, name: Option<&'static str>, detail: impl Into<String>) {
        match name {
            Some(name) => self.reader.at(Step::Field(name), |reader| reader.fault(detail)),
            None => self.reader.fault(detail),
        }
    }

    fn find(&mut self, name: &'static str) -> Option<&'j Document<'j>> {
        self.known.push(name);
        let mut found = self.entries.iter().filter(|(entry, _)| entry == name).map(|(_, value)| value);
        let first = found.next();
        if found.next().is_some() {
            self.fault(Some(name), STANDS_TWICE);
        }
        first
    }

    fn refuse_unknown(self) {
        for (name, _) in self.entries {
            if !self.known.contains(&name.as_ref()) {
                let detail = format!("unknown field; known here: {}", self.known.join(", "));
                self.reader.at(Step::Field(name), |reader| reader.fault(detail));
            }
        }
    }
}
