//! Uses of fields: the place, the purpose, and the type that the field needs.

use std::fmt;

use super::literal::LiteralType;
use super::reference::Reference;

/// One use of one field.
#[derive(Clone, Debug)]
pub(crate) struct FieldUse {
    pub(crate) site: Site,
    pub(crate) used_as: UsedAs,
    pub(crate) reference: Reference,
    pub(crate) need: Option<Need>,
}

/// A place in the report.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Site {
    /// The number and the display name of the page.
    pub(crate) page: Option<(usize, String)>,
    /// The number of the visual, which is unique in the report, and its title or type.
    pub(crate) visual: Option<(usize, String)>,
    /// Whether the visual is a slicer, which filters the other visuals of its page.
    pub(crate) slicer: bool,
}

impl Site {
    pub(crate) fn page_name(&self) -> Option<&str> {
        self.page.as_ref().map(|(_, name)| name.as_str())
    }

    pub(crate) fn visual_name(&self) -> Option<&str> {
        self.visual.as_ref().map(|(_, name)| name.as_str())
    }
}

/// What a field is used for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum UsedAs {
    /// A data role of the visual, such as `Category`.
    Role(String),
    /// A part of the visual's query that does not belong to a data role.
    Query,
    Sorting,
    /// Conditional formatting or a dynamic text, with its property.
    Formatting(String),
    /// The values that are selected in a slicer.
    Selection,
    /// A filter with a condition.
    Filter(Level),
    /// A filter card without a condition.
    FilterCard(Level),
    Bookmark(String),
    Parameter,
    /// The DAX of a measure that the report defines itself.
    ReportMeasure(String),
}

/// What a filter applies to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Level {
    Report,
    Page,
    Visual,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Report => "report",
            Self::Page => "page",
            Self::Visual => "visual",
        })
    }
}

impl fmt::Display for UsedAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(f, "data role {role}"),
            Self::Query => f.write_str("query"),
            Self::Sorting => f.write_str("sorting"),
            Self::Formatting(property) => write!(f, "conditional formatting ({property})"),
            Self::Selection => f.write_str("selected values"),
            Self::Filter(level) => write!(f, "filter of the {level}"),
            Self::FilterCard(level) => write!(f, "filter card of the {level}"),
            Self::Bookmark(name) => write!(f, "bookmark {name}"),
            Self::Parameter => f.write_str("parameter of the page"),
            Self::ReportMeasure(name) => write!(f, "measure {name} of the report"),
        }
    }
}

/// What a use needs from the type of a column.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Need {
    /// An aggregation, by the name of its function.
    Aggregate { function: &'static str, numeric: bool },
    /// A comparison with a literal.
    Compared(LiteralType),
}
