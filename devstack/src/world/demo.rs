//! The world of the demo: one provider, its reports, its customers' datasets.

use super::{Dataset, IdentityNeed, Principal, Profile, Report, Role, Row, Workspace, World};

/// The ids of the demo world, for tests that speak of its parts.
pub mod ids {
    /// The provider's Entra tenant.
    pub const DIRECTORY: &str = "c4edfdae-4f48-4845-9688-832e54f1b8fc";
    /// The provider's app registration.
    pub const CLIENT: &str = "f7040bca-a78a-468d-b8d3-48c158815cf7";
    /// The object id of the app's service principal.
    pub const PRINCIPAL: &str = "15660e19-a931-4907-9d25-916c2a7334f6";
    /// A profile that sees the reports and Fabrikam's datasets only.
    pub const FABRIKAM_PROFILE: &str = "7eec9dfe-df93-4e01-8871-df8fb618a519";
    /// The capacity.
    pub const CAPACITY: &str = "f658f696-d707-44a9-8223-ade3bd73384e";

    /// The workspace of the shared reports.
    pub const REPORTS_WORKSPACE: &str = "191d5d7a-e4e4-4b20-8ecc-5e1b3de14852";
    /// Contoso's workspace.
    pub const CONTOSO_WORKSPACE: &str = "a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f";
    /// Fabrikam's workspace.
    pub const FABRIKAM_WORKSPACE: &str = "d390ba2f-764b-4b81-9414-213751c827e8";
    /// A workspace that is not on a capacity.
    pub const SANDBOX_WORKSPACE: &str = "0f4cd7e3-1110-4c0f-8785-548d57e65a52";
    /// A workspace that the service principal has not been let into.
    pub const CLOSED_WORKSPACE: &str = "fdf2729e-dfd1-467f-90aa-b173f2042531";
    /// A workspace where the service principal is a mere viewer.
    pub const READING_ROOM_WORKSPACE: &str = "59ce574a-c2e6-4440-aaba-44c4adef8369";

    /// The report that every customer sees.
    pub const SALES_REPORT: &str = "c294daab-3e50-4317-b0b8-639e5a42e0f1";
    /// The report for analysts.
    pub const OPS_REPORT: &str = "8c8c76eb-e446-49b3-a3a7-60125c622a84";
    /// A report in the workspace that is not on a capacity.
    pub const PILOT_REPORT: &str = "f6f5d61f-f0b6-470a-9d1f-e095bab990c2";
    /// A paginated report.
    pub const INVOICE_REPORT: &str = "7ae5d920-aca4-476b-8810-a5b2136c484f";
    /// A report that was deleted.
    pub const MISSING_REPORT: &str = "bf6050d7-5ae6-4e6b-80f5-9b741f13523b";
    /// A report in the closed workspace.
    pub const CLOSED_REPORT: &str = "07bdc2fe-2cde-4348-a791-2a1b16b3fe8d";

    /// The dataset that the sales report was made on.
    pub const TEMPLATE_DATASET: &str = "8398da4a-1bab-46c4-ad84-11a63e20d608";
    /// Contoso's sales; row-level security by user name.
    pub const CONTOSO_SALES: &str = "03821c9b-7d38-495d-b2c1-04ff0a005df1";
    /// Contoso's plan; no row-level security.
    pub const CONTOSO_PLAN: &str = "38f15f36-9584-44ca-ba9a-edb632765765";
    /// Contoso's regions; row-level security by role.
    pub const CONTOSO_REGIONS: &str = "25ae85a9-9070-4e59-a031-bdf41d894011";
    /// Contoso's payroll; row-level security by user name.
    pub const CONTOSO_PAYROLL: &str = "7ba0b527-d09f-41f2-8479-c65ed33d364d";
    /// Contoso's lake; an effective identity is not supported.
    pub const CONTOSO_LAKE: &str = "cc8772ab-3865-4b33-a748-0bc5740619bf";
    /// A composite dataset that reads Contoso's plan.
    pub const CONTOSO_OUTLOOK: &str = "2f6e5299-0996-425e-8561-c46ecbe90269";
    /// Fabrikam's sales; row-level security by user name.
    pub const FABRIKAM_SALES: &str = "9b097e30-c25e-4df7-b8f0-f55c6e5d240e";
    /// A dataset that is not on a capacity.
    pub const TRIAL_DATASET: &str = "1af96910-59d9-4cf1-8f84-16799e42885c";
    /// A dataset that was deleted.
    pub const MISSING_DATASET: &str = "c685dd2e-42c3-4bb8-8006-57a8b00e5a0f";
    /// A dataset in the closed workspace.
    pub const CLOSED_DATASET: &str = "ac005299-fe68-4302-a801-d491c5a19133";
    /// A dataset in the reading room.
    pub const READING_ROOM_DATASET: &str = "f442b630-5ad6-4a8e-929c-1e58f9a787d8";
}

pub(super) fn world() -> World {
    World {
        directory_id: ids::DIRECTORY.to_owned(),
        client_id: ids::CLIENT.to_owned(),
        principal_id: ids::PRINCIPAL.to_owned(),
        profiles: vec![Profile { id: ids::FABRIKAM_PROFILE.to_owned(), name: "Fabrikam".to_owned() }],
        workspaces: workspaces(),
        reports: reports(),
        datasets: datasets(),
    }
}

fn workspaces() -> Vec<Workspace> {
    let app = || (Principal::App, Role::Member);
    let profile = || (Principal::Profile(ids::FABRIKAM_PROFILE.to_owned()), Role::Member);
    let user = |email: &str| (Principal::User(email.to_owned()), Role::Contributor);
    let (ana, carl) = ("ana@contoso.example", "carl@contoso.example");
    let frida = "frida@fabrikam.example";
    vec![
        workspace(ids::REPORTS_WORKSPACE, "Shared reports", vec![app(), profile(), user(ana), user(carl), user(frida)]),
        workspace(ids::CONTOSO_WORKSPACE, "Contoso", vec![app(), user(ana), user(carl)]),
        workspace(ids::FABRIKAM_WORKSPACE, "Fabrikam", vec![app(), profile(), user(frida)]),
        Workspace { capacity: None, ..workspace(ids::SANDBOX_WORKSPACE, "Sandbox", vec![app()]) },
        workspace(ids::CLOSED_WORKSPACE, "Closed", Vec::new()),
        workspace(ids::READING_ROOM_WORKSPACE, "Reading room", vec![(Principal::App, Role::Viewer)]),
    ]
}

fn workspace(id: &str, name: &str, members: Vec<(Principal, Role)>) -> Workspace {
    let capacity = Some(ids::CAPACITY.to_owned());
    Workspace { id: id.to_owned(), name: name.to_owned(), capacity, members }
}

fn reports() -> Vec<Report> {
    use ids::{CLOSED_WORKSPACE, REPORTS_WORKSPACE, SANDBOX_WORKSPACE, TEMPLATE_DATASET};
    vec![
        report(ids::SALES_REPORT, "Sales overview", REPORTS_WORKSPACE, TEMPLATE_DATASET),
        report(ids::OPS_REPORT, "Operations", REPORTS_WORKSPACE, TEMPLATE_DATASET),
        report(ids::PILOT_REPORT, "Pilot", SANDBOX_WORKSPACE, ids::TRIAL_DATASET),
        report(ids::CLOSED_REPORT, "Closed", CLOSED_WORKSPACE, ids::CLOSED_DATASET),
        Report { paginated: true, ..report(ids::INVOICE_REPORT, "Invoice", REPORTS_WORKSPACE, TEMPLATE_DATASET) },
    ]
}

fn report(id: &str, name: &str, workspace: &str, dataset: &str) -> Report {
    Report {
        id: id.to_owned(),
        name: name.to_owned(),
        workspace: workspace.to_owned(),
        dataset: dataset.to_owned(),
        paginated: false,
    }
}

fn datasets() -> Vec<Dataset> {
    let mut datasets = providers_datasets();
    datasets.extend(contosos_datasets());
    datasets.extend(fabrikams_datasets());
    datasets
}

fn providers_datasets() -> Vec<Dataset> {
    let sample = [("Sample A", 11, ""), ("Sample B", 7, "")];
    let plain = |id, name, workspace| dataset(id, name, workspace, IdentityNeed::None, &sample);
    vec![
        plain(ids::TEMPLATE_DATASET, "Sample data", ids::REPORTS_WORKSPACE),
        plain(ids::TRIAL_DATASET, "Trial", ids::SANDBOX_WORKSPACE),
        plain(ids::CLOSED_DATASET, "Closed", ids::CLOSED_WORKSPACE),
        plain(ids::READING_ROOM_DATASET, "Reading room", ids::READING_ROOM_WORKSPACE),
    ]
}

fn contosos_datasets() -> Vec<Dataset> {
    use IdentityNeed::{None, Roles, Unsupported, Username};
    let sales = [
        ("Berlin", 48, "ana@contoso.example"),
        ("Hamburg", 31, "ana@contoso.example"),
        ("Munich", 64, "ana@contoso.example"),
        ("Lyon", 22, "carl@contoso.example"),
        ("Paris", 57, "carl@contoso.example"),
    ];
    let plan = [("Q1", 90, ""), ("Q2", 105, ""), ("Q3", 98, ""), ("Q4", 130, "")];
    let regions = [("North", 40, "North"), ("South", 60, "South")];
    let own = |id, name, identity, rows: &[_]| dataset(id, name, ids::CONTOSO_WORKSPACE, identity, rows);
    vec![
        own(ids::CONTOSO_SALES, "Contoso sales", Username, &sales),
        own(ids::CONTOSO_PLAN, "Contoso plan", None, &plan),
        own(ids::CONTOSO_REGIONS, "Contoso regions", Roles, &regions),
        own(ids::CONTOSO_PAYROLL, "Contoso payroll", Username, &[]),
        own(ids::CONTOSO_LAKE, "Contoso lake", Unsupported, &plan),
        Dataset {
            reads: vec![ids::CONTOSO_PLAN.to_owned()],
            ..own(ids::CONTOSO_OUTLOOK, "Contoso outlook", None, &plan)
        },
    ]
}

fn fabrikams_datasets() -> Vec<Dataset> {
    let sales = [
        ("Oslo", 73, "frida@fabrikam.example"),
        ("Bergen", 41, "frida@fabrikam.example"),
        ("Tromso", 12, "frida@fabrikam.example"),
    ];
    let (id, home) = (ids::FABRIKAM_SALES, ids::FABRIKAM_WORKSPACE);
    vec![dataset(id, "Fabrikam sales", home, IdentityNeed::Username, &sales)]
}

fn dataset(id: &str, name: &str, workspace: &str, identity: IdentityNeed, rows: &[(&str, u32, &str)]) -> Dataset {
    let rows = rows.iter().map(|&(label, value, audience)| Row {
        label: label.to_owned(),
        value,
        audience: (!audience.is_empty()).then(|| audience.to_owned()),
    });
    Dataset {
        id: id.to_owned(),
        name: name.to_owned(),
        workspace: workspace.to_owned(),
        identity,
        reads: Vec::new(),
        rows: rows.collect(),
    }
}
