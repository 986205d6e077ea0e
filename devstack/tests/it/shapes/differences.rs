//! The differences between the stand-ins and the published or recorded answers, with their reasons.

/// Deliberate differences, by fixture. Lines with `-` are only in the fixture, lines with `+` only in the stand-in.
pub(super) const DIFFERENCES: &[(&str, &[&str], &str)] = &[
    (
        "report with upper-case ids and no dataset",
        &[
            "- /datasetId: null",
            "- /description: text",
            "+ /@odata.context: text",
            "+ /datasetId: text",
            "+ /datasetWorkspaceId: text",
            "+ /isFromPbix: boolean",
            "+ /isOwnedByMe: boolean",
            "+ /reportType: text",
            "+ /subscriptions: list",
            "+ /users: list",
        ],
        "the source keeps only the fields that it reads; the demo's reports have a dataset and no description",
    ),
    ("profiles", &["+ /@odata.context: text"], CONTEXT),
    ("profile", &["+ /@odata.context: text"], CONTEXT),
    ("capacities", &["+ /@odata.context: text"], CONTEXT),
    ("users of a workspace", &["+ /@odata.context: text"], CONTEXT),
    ("on a capacity", &["+ /@odata.context: text", "+ /type: text"], WORKSPACE),
    ("on no capacity", &["+ /@odata.context: text", "+ /type: text"], WORKSPACE),
    (
        "silent about the capacity",
        &[
            "- /state: text",
            "+ /@odata.context: text",
            "+ /capacityId: text",
            "+ /defaultDatasetStorageFormat: text",
            "+ /isOnDedicatedCapacity: boolean",
        ],
        "the source keeps only the fields that it reads, of an answer for administrators",
    ),
    (
        "datasets of a workspace",
        &["+ /value[]/upstreamDatasets[]: text"],
        "the recorded list is empty, and its entries are not documented",
    ),
    ("no right on the item", &["+ x-powerbi-error-info: PowerBINotAuthorizedException"], BODY),
    ("not a member, status alone documented", &["+ x-powerbi-error-info: Forbidden"], BODY),
    (
        "no Build right: the text is in the details alone",
        &["+ /error/pbi.error/exceptionCulprit: number", "+ /error/pbi.error/parameters: object"],
        "the source keeps only the fields that it reads; the other recording of `pbi.error` has these two",
    ),
    (
        "item that is not found, without a text",
        &[
            "+ /error/pbi.error/code: text",
            "+ /error/pbi.error/details: list",
            "+ /error/pbi.error/exceptionCulprit: number",
            "+ /error/pbi.error/parameters: object",
            "+ /error/pbi.error: object",
            "+ x-powerbi-error-info: PowerBIEntityNotFound",
        ],
        "the source keeps only the fields that it reads; the other recordings have `pbi.error`",
    ),
    ("identity that is missing", &["+ x-powerbi-error-info: InvalidRequest"], BODY),
    ("identity that is not wanted", &["+ x-powerbi-error-info: InvalidRequest"], BODY),
    (
        "message that is null, the text in the details",
        &[
            "- /error/message: null",
            "- /error/pbi.error/code: text",
            "- /error/pbi.error/details: list",
            "- /error/pbi.error/details[]/code: text",
            "- /error/pbi.error/details[]/detail/type: number",
            "- /error/pbi.error/details[]/detail/value: text",
            "- /error/pbi.error/details[]/detail: object",
            "- /error/pbi.error/details[]: object",
            "- /error/pbi.error: object",
            "+ /error/message: text",
            "+ x-powerbi-error-info: InvalidRequest",
        ],
        "the source recorded another call; for this one, users report {error: {code, message}}",
    ),
    ("trial tokens used up", &["+ x-powerbi-error-info: Forbidden"], BODY),
    (
        "text in a header, with an empty body",
        &[
            "- x-powerbi-error-details",
            "+ /error/code: text",
            "+ /error/message: text",
            "+ /error: object",
            "+ : object",
        ],
        "users report both forms; the stand-in uses the form with a body",
    ),
];

const CONTEXT: &str = "the page lists `@odata.context` among the fields, and its example leaves it out";
const WORKSPACE: &str = "the example leaves out the context and the type, which recordings have";
const BODY: &str = "the source shows no headers";

/// Answers that no stand-in gives.
pub(super) const NOT_GIVEN: &[(&str, &str)] = &[
    ("expired token, named in the body alone", "the recording of the same refusal has its code in a header"),
    ("not found, without a code", "the recording of the same refusal has a code"),
    ("detail that is a text itself", "a test of a client that was given this body; no answer of the service"),
    ("error that is no object", "a test of a client that was given this body; no answer of the service"),
    ("body that is a text", "a test of a client that was given this body; no answer of the service"),
    ("fields of other types", "stress"),
    ("code at the top level", "the refusal of another API, with the same code"),
    ("401 with a code that says nothing of rights", "stress"),
    ("refusal without a cause", "stress"),
    ("capacity of another type", "stress"),
    ("disabled application", "the stand-in has one application, which is enabled"),
    ("policy that blocks the application", "the stand-in has policies for users only"),
    ("no consent of an administrator", "the stand-in has the consent of users only"),
    ("application that may not act for users", "the stand-in's application may act for users"),
    ("application that may not act for users, as a refused grant", "stress"),
    ("no numbers, the code in the description alone", "stress"),
    ("numbers of another type", "stress"),
    ("a suberror decides where the number is unknown", "stress"),
    ("a suberror that no sign-in resolves", "stress"),
];
