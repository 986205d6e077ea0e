//! Reads the values of variables, and collects every fault.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use reqwest::Url;

use super::redact::without_secrets;
use crate::validation::{ValidationError, ValidationErrors};

/// Where the value of a variable comes from.
pub(super) type Lookup<'v> = &'v dyn Fn(&str) -> Option<String>;

/// A variable that Dynabind reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The value that is used if the variable is not set; `None` if it is required, or if the default depends on
    /// another setting.
    pub default: Option<String>,
}

/// Reads values of variables, and collects faults.
pub(super) struct Vars<'v> {
    lookup: Lookup<'v>,
    faults: Vec<ValidationError>,
    read: Vec<Variable>,
}

impl<'v> Vars<'v> {
    pub(super) fn new(lookup: Lookup<'v>) -> Self {
        Self { lookup, faults: Vec::new(), read: Vec::new() }
    }

    /// The variables that were read so far.
    pub(super) fn into_read(self) -> Vec<Variable> {
        self.read
    }

    /// `made`, unless there is a fault.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, ValidationErrors> {
        made.filter(|_| self.faults.is_empty()).ok_or(ValidationErrors(self.faults))
    }

    /// A variable's value. An empty value counts as not set, because templates write unset parameters as empty texts.
    pub(super) fn value(&mut self, name: &'static str) -> Option<String> {
        self.value_or(name, None)
    }

    fn value_or(&mut self, name: &'static str, default: Option<&str>) -> Option<String> {
        let default = default.map(str::to_owned);
        self.read.push(Variable { name, default: default.clone() });
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).or(default)
    }

    pub(super) fn fault(&mut self, name: &str, detail: impl Into<String>) {
        self.faults.push(ValidationError { place: name.to_owned(), detail: detail.into() });
    }

    pub(super) fn text(&mut self, name: &'static str, default: &str) -> String {
        self.value_or(name, Some(default)).unwrap_or_default()
    }

    pub(super) fn checked(
        &mut self,
        name: &'static str,
        default: &str,
        is_fit: fn(&str) -> bool,
        rule: &str,
    ) -> Option<String> {
        let value = Some(self.text(name, default)).filter(|value| is_fit(value));
        if value.is_none() {
            self.fault(name, format!("expected {rule}"));
        }
        value
    }

    pub(super) fn required(&mut self, name: &'static str, remedy: &str) -> Option<String> {
        let value = self.value(name);
        if value.is_none() {
            self.fault(name, format!("it is not set; {remedy}"));
        }
        value
    }

    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, name: &'static str, default: &str) -> Option<T> {
        let value = self.text(name, default);
        value.parse().map_err(|error: T::Err| self.fault(name, format!("{error}, found `{value}`"))).ok()
    }

    pub(super) fn optional<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.value(name)?;
        value.parse().map_err(|error: T::Err| self.fault(name, format!("{error}, found `{value}`"))).ok()
    }

    pub(super) fn number(&mut self, name: &'static str, default: u64, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.text(name, &default.to_string());
        let number = value.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            self.fault(name, format!("expected a whole number from {low} to {high}, found `{value}`"));
        }
        number
    }

    pub(super) fn url(&mut self, name: &'static str, default: Option<&str>) -> Option<Url> {
        let value = self.value(name).or_else(|| default.map(str::to_owned))?;
        let url = Url::parse(&value).ok().filter(is_allowed);
        if url.is_none() {
            self.fault(
                name,
                format!(
                    "expected an https URL without user or query (http on loopback), found `{}`",
                    without_secrets(&value)
                ),
            );
        }
        url
    }
}

/// Bearer tokens or secrets are sent to this URL, so plain http is allowed only on the same machine.
fn is_allowed(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let scheme_is_allowed = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    scheme_is_allowed
        && !url.cannot_be_a_base()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
}
