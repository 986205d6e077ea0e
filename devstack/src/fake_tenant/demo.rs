//! The tenant of the demo: one provider with its reports, and its customers' datasets.

mod definitions;
pub mod ids;

use super::{Capacity, Dataset, FakeTenant, IdentityNeed, Principal, Profile, Report, Role, Row, Workspace};

impl FakeTenant {
    /// The tenant that the demo catalog describes.
    #[must_use]
    pub fn demo() -> Self {
        let (reports, datasets) = (reports(), datasets());
        Self {
            definitions: definitions::definitions(&reports, &datasets),
            protected: Vec::new(),
            directory_id: ids::DIRECTORY.to_owned(),
            client_id: ids::CLIENT.to_owned(),
            principal_id: ids::PRINCIPAL.to_owned(),
            admits_service_principals: true,
            profiles: vec![Profile { id: ids::FABRIKAM_PROFILE.to_owned(), name: "Fabrikam".to_owned() }],
            capacities: vec![
                capacity(ids::CAPACITY, "Production", false),
                capacity(ids::PAUSED_CAPACITY, "Test (paused)", true),
            ],
            workspaces: workspaces(),
            reports,
            datasets,
            challenged: vec!["cleo@contoso.example".to_owned()],
        }
    }
}

fn capacity(id: &str, name: &str, paused: bool) -> Capacity {
    Capacity { id: id.to_owned(), name: name.to_owned(), sku: "F64".to_owned(), paused }
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
        workspace(ids::FINANCE_WORKSPACE, "Contoso finance", vec![app()]),
        Workspace {
            capacity: Some(ids::PAUSED_CAPACITY.to_owned()),
            ..workspace(ids::PAUSED_WORKSPACE, "Paused", vec![app()])
        },
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
        report(ids::PAUSED_REPORT, "Paused", ids::PAUSED_WORKSPACE, ids::PAUSED_DATASET),
        report(ids::PAYROLL_REPORT, "Payroll overview", ids::FINANCE_WORKSPACE, ids::CONTOSO_PAYROLL),
        Report { paginated: true, ..report(ids::INVOICE_REPORT, "Invoice", REPORTS_WORKSPACE, TEMPLATE_DATASET) },
        Report {
            paginated_visuals: vec![ids::INVOICE_REPORT.to_owned()],
            ..report(ids::STATEMENT_REPORT, "Statement", REPORTS_WORKSPACE, TEMPLATE_DATASET)
        },
        Report {
            paginated: true,
            filters_by_user_id: true,
            ..report(ids::PAYSLIP_REPORT, "Payslip", ids::FINANCE_WORKSPACE, ids::CONTOSO_PAYSLIPS)
        },
    ]
}

fn report(id: &str, name: &str, workspace: &str, dataset: &str) -> Report {
    Report {
        id: id.to_owned(),
        name: name.to_owned(),
        workspace: workspace.to_owned(),
        dataset: dataset.to_owned(),
        paginated: false,
        paginated_visuals: Vec::new(),
        filters_by_user_id: false,
    }
}

fn datasets() -> Vec<Dataset> {
    let mut datasets = providers_datasets();
    datasets.extend(contosos_datasets());
    datasets.extend(finance_datasets());
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
        plain(ids::PAUSED_DATASET, "Paused", ids::PAUSED_WORKSPACE),
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

fn finance_datasets() -> Vec<Dataset> {
    let payslips = [("March", 4100, "ana@contoso.example"), ("April", 3900, "carl@contoso.example")];
    let own = |id, name, rows: &[_]| dataset(id, name, ids::FINANCE_WORKSPACE, IdentityNeed::None, rows);
    vec![
        own(ids::CONTOSO_PAYSLIPS, "Contoso payslips", &payslips),
        Dataset {
            reads: vec![ids::CONTOSO_SALES.to_owned()],
            ..own(ids::CONTOSO_BOARD, "Contoso board", &[("Total", 222, "")])
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
