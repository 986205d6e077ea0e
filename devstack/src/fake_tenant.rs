//! The tenant that the stand-ins simulate.

mod definition;
mod demo;

use std::collections::BTreeMap;

pub use definition::Definition;
pub use demo::ids;

/// A directory with its app, and its items in Power BI.
#[derive(Clone, Debug)]
pub struct FakeTenant {
    /// The Entra tenant's id.
    pub directory_id: String,
    /// The client id of the app registration.
    pub client_id: String,
    /// The object id of the service principal.
    pub principal_id: String,
    /// Whether the tenant settings let service principals call the APIs.
    pub admits_service_principals: bool,
    /// The service principal's profiles.
    pub profiles: Vec<Profile>,
    /// The capacities.
    pub capacities: Vec<Capacity>,
    /// The workspaces.
    pub workspaces: Vec<Workspace>,
    /// The reports.
    pub reports: Vec<Report>,
    /// The datasets.
    pub datasets: Vec<Dataset>,
    /// Users from whom Power BI requires more claims because of conditional access, by e-mail address.
    pub challenged: Vec<String>,
    /// The definitions of reports and datasets, by the id of their item. Requests for other definitions fail.
    pub definitions: BTreeMap<String, Definition>,
    /// Reports and datasets whose sensitivity label encrypts them, by id.
    pub protected: Vec<String>,
}

/// A capacity, to which workspaces are assigned.
#[derive(Clone, Debug)]
pub struct Capacity {
    /// Its id.
    pub id: String,
    /// Its display name.
    pub name: String,
    /// Its SKU, such as `F64`.
    pub sku: String,
    /// Whether it is paused. Workspaces stay assigned to a paused capacity.
    pub paused: bool,
}

/// A profile of the service principal.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its id.
    pub id: String,
    /// Its display name.
    pub name: String,
}

/// A workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of its capacity, if it has one.
    pub capacity: Option<String>,
    /// The members with their roles.
    pub members: Vec<(Principal, Role)>,
}

/// A possible member of a workspace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Principal {
    /// The service principal itself.
    App,
    /// One of its profiles, by id.
    Profile(String),
    /// A user, by e-mail address.
    User(String),
}

/// A member's role, with increasing permissions.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Writes.
    Contributor,
    /// Writes and shares.
    Member,
    /// Everything.
    Admin,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of its workspace.
    pub workspace: String,
    /// The id of the dataset on which it was built.
    pub dataset: String,
    /// Whether it is a paginated report.
    pub paginated: bool,
    /// The ids of the paginated reports that its visuals show.
    pub paginated_visuals: Vec<String>,
    /// Whether it filters its rows by `UserID`, as a paginated report with row-level security does.
    pub filters_by_user_id: bool,
}

/// A dataset.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of its workspace.
    pub workspace: String,
    /// Its requirement for an effective identity.
    pub identity: IdentityNeed,
    /// Other datasets that it reads by `DirectQuery`, by id.
    pub reads: Vec<String>,
    /// The rows that a report over it shows.
    pub rows: Vec<Row>,
}

/// Whether an effective identity must, may or must not be given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IdentityNeed {
    /// No row-level security.
    None,
    /// Row-level security by user name.
    Username,
    /// Row-level security by role.
    Roles,
    /// A source for which an effective identity is not supported.
    Unsupported,
}

/// One row of a dataset.
#[derive(Clone, Debug)]
pub struct Row {
    /// The category.
    pub label: String,
    /// The number.
    pub value: u32,
    /// The user name or role that row-level security shows it to.
    pub audience: Option<String>,
}

impl FakeTenant {
    /// The workspace with this id, in upper or lower case.
    #[must_use]
    pub fn workspace(&self, id: &str) -> Option<&Workspace> {
        self.workspaces.iter().find(|workspace| same_id(&workspace.id, id))
    }

    /// The report with this id, in upper or lower case.
    #[must_use]
    pub fn report(&self, id: &str) -> Option<&Report> {
        self.reports.iter().find(|report| same_id(&report.id, id))
    }

    /// The dataset with this id, in upper or lower case.
    #[must_use]
    pub fn dataset(&self, id: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| same_id(&dataset.id, id))
    }

    /// The definition of the item with this id, in upper or lower case.
    #[must_use]
    pub fn definition(&self, id: &str) -> Option<&Definition> {
        self.definitions.iter().find(|(known, _)| same_id(known, id)).map(|(_, definition)| definition)
    }

    /// The capacity with this id, in upper or lower case.
    #[must_use]
    pub fn capacity(&self, id: &str) -> Option<&Capacity> {
        self.capacities.iter().find(|capacity| same_id(&capacity.id, id))
    }

    /// The profile with this id, in upper or lower case.
    #[must_use]
    pub fn profile(&self, id: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| same_id(&profile.id, id))
    }
}

impl Workspace {
    /// The role of a principal in this workspace.
    #[must_use]
    pub fn role_of(&self, principal: &Principal) -> Option<Role> {
        self.members.iter().find(|(member, _)| same_principal(member, principal)).map(|(_, r)| *r)
    }
}

/// Whether two GUIDs are equal, apart from upper and lower case.
pub(crate) fn same_id(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn same_principal(a: &Principal, b: &Principal) -> bool {
    match (a, b) {
        (Principal::App, Principal::App) => true,
        (Principal::Profile(a), Principal::Profile(b)) | (Principal::User(a), Principal::User(b)) => same_id(a, b),
        _ => false,
    }
}
