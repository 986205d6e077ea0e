//! The ids of the demo tenant, for tests.

/// The provider's Entra tenant.
pub const DIRECTORY: &str = "c4edfdae-4f48-4845-9688-832e54f1b8fc";
/// The provider's app registration.
pub const CLIENT: &str = "f7040bca-a78a-468d-b8d3-48c158815cf7";
/// The object id of the app's service principal.
pub const PRINCIPAL: &str = "15660e19-a931-4907-9d25-916c2a7334f6";
/// A profile that sees only the reports and Fabrikam's datasets.
pub const FABRIKAM_PROFILE: &str = "7eec9dfe-df93-4e01-8871-df8fb618a519";
/// The capacity.
pub const CAPACITY: &str = "f658f696-d707-44a9-8223-ade3bd73384e";
/// A capacity that is paused.
pub const PAUSED_CAPACITY: &str = "64ad6a5e-0b0c-4d0a-9c43-52a8f3a3f8de";

/// The workspace of the shared reports.
pub const REPORTS_WORKSPACE: &str = "191d5d7a-e4e4-4b20-8ecc-5e1b3de14852";
/// Contoso's workspace.
pub const CONTOSO_WORKSPACE: &str = "a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f";
/// Fabrikam's workspace.
pub const FABRIKAM_WORKSPACE: &str = "d390ba2f-764b-4b81-9414-213751c827e8";
/// A workspace that is not on a capacity.
pub const SANDBOX_WORKSPACE: &str = "0f4cd7e3-1110-4c0f-8785-548d57e65a52";
/// A workspace without the service principal.
pub const CLOSED_WORKSPACE: &str = "fdf2729e-dfd1-467f-90aa-b173f2042531";
/// A workspace where the service principal is only a viewer.
pub const READING_ROOM_WORKSPACE: &str = "59ce574a-c2e6-4440-aaba-44c4adef8369";

/// A workspace on the paused capacity.
pub const PAUSED_WORKSPACE: &str = "3c0d1b6a-9a55-4f0e-8d53-0f6f6f2b7f19";
/// Contoso's workspace for datasets and reports with unusual row-level security.
pub const FINANCE_WORKSPACE: &str = "b7f0c3de-2a52-4a3a-a0a2-6d1f7a5c9e44";

/// The report that every customer sees.
pub const SALES_REPORT: &str = "c294daab-3e50-4317-b0b8-639e5a42e0f1";
/// The report for analysts.
pub const OPS_REPORT: &str = "8c8c76eb-e446-49b3-a3a7-60125c622a84";
/// A report in the workspace that is not on a capacity.
pub const PILOT_REPORT: &str = "f6f5d61f-f0b6-470a-9d1f-e095bab990c2";
/// A paginated report.
pub const INVOICE_REPORT: &str = "7ae5d920-aca4-476b-8810-a5b2136c484f";
/// A report with a visual that shows the paginated report of invoices.
pub const STATEMENT_REPORT: &str = "d2f5a0c1-6f0a-4a55-9d0e-3e1b8c7a9f22";
/// A paginated report that filters its rows by `UserID`.
pub const PAYSLIP_REPORT: &str = "5b9e4a37-1c58-4f0f-b0a5-27c4d9e6aa13";
/// A report whose own dataset has row-level security.
pub const PAYROLL_REPORT: &str = "e8c1f6b2-7d34-4b7e-8a0c-91f2d3b4c5a6";
/// A report on the paused capacity.
pub const PAUSED_REPORT: &str = "0a9d8c7b-6e5f-4a3b-9c2d-1e0f9a8b7c6d";
/// A report that was deleted.
pub const MISSING_REPORT: &str = "bf6050d7-5ae6-4e6b-80f5-9b741f13523b";
/// A report in the closed workspace.
pub const CLOSED_REPORT: &str = "07bdc2fe-2cde-4348-a791-2a1b16b3fe8d";

/// The dataset on which the sales report was built.
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
/// A composite dataset that reads Contoso's sales, which have row-level security.
pub const CONTOSO_BOARD: &str = "c4a7e2d9-5b1f-4e86-9f30-a8d6b7c5e412";
/// Contoso's payslips. Only the paginated report over them filters rows.
pub const CONTOSO_PAYSLIPS: &str = "9f3b6d15-8e24-4c7a-b1d0-5a6e7f8c9d02";
/// A dataset on the paused capacity.
pub const PAUSED_DATASET: &str = "71c2d3e4-f5a6-4b7c-8d9e-0f1a2b3c4d5e";
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
