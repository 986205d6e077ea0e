//! What refusals mean where a token of AWS STS is the credential (Entra, "Workload identity federation").

/// Assertions of certificates have numbers in common with these. All of them are the operator's to correct.
pub(super) fn remedy(number: u64) -> Option<&'static str> {
    REMEDIES.iter().find(|(known, _)| *known == number).map(|(_, remedy)| *remedy)
}

const REMEDIES: [(u64, &str); 18] = [
    // The federated credential of the application.
    (
        70_021,
        "no federated credential of the application matches: a new one takes minutes to take effect; after that, compare \
         issuer, subject and audience, which are case-sensitive",
    ),
    (70_025, "the application has no federated credential: add one for the ARN of the function's role"),
    (
        700_211,
        "no federated credential has this issuer: it is the one that `aws iam \
         get-outbound-web-identity-federation-info` names, without a slash at the end",
    ),
    (
        700_212,
        "no federated credential has this audience: it is api://AzureADTokenExchange, or that of the cloud in \
         DYNABIND_CLOUD",
    ),
    (700_213, WRONG_SUBJECT),
    (7_002_131, WRONG_SUBJECT),
    (700_223, FORBIDDEN),
    (700_238, FORBIDDEN),
    // The token of STS.
    (700_024, "the token of STS is out of time: check the clock of this service"),
    (50_013, UNVERIFIABLE),
    (700_027, UNVERIFIABLE),
    (50_166, UNREADABLE),
    (501_661, UNREADABLE),
    (5_002_738, "Entra takes tokens with RS256 only: check whether a proxy changes the requests to STS"),
    (7_000_218, "no credential arrived: check whether a proxy changes requests to Entra"),
    // The application and its tenant.
    (700_016, "the application is not in this tenant: check DYNABIND_ENTRA_CLIENT_ID and DYNABIND_ENTRA_TENANT_ID"),
    (90_002, "no such tenant: check DYNABIND_ENTRA_TENANT_ID and DYNABIND_CLOUD"),
    (900_382, "the tenant belongs to another cloud: check DYNABIND_ENTRA_TENANT_ID and DYNABIND_CLOUD"),
];

const WRONG_SUBJECT: &str = "no federated credential has this subject: it is the ARN of the function's role, in the \
                             same upper and lower case (each role needs a credential of its own)";

const UNREADABLE: &str = "Entra cannot read the keys of the issuer: compare the issuer of the federated credential with that of the AWS account";

const FORBIDDEN: &str =
    "a policy of the Entra tenant forbids federated credentials, or this issuer: let an administrator allow it";

const UNVERIFIABLE: &str =
    "Entra cannot verify the token of STS: compare the issuer of the federated credential with that of the AWS account";
