//! What refusals mean if a token of AWS STS is the credential (Entra, "Workload identity federation").

/// The remedy for an error number. Some of these numbers have another meaning for assertions of certificates. The
/// operator has to resolve all of them.
pub(super) fn remedy(number: u64) -> Option<&'static str> {
    REMEDIES.iter().find(|(known, _)| *known == number).map(|(_, remedy)| *remedy)
}

const REMEDIES: [(u64, &str); 18] = [
    // The federated credential of the application.
    (
        70_021,
        "no federated credential of the application matches: a new one takes minutes to take effect; if it is not new, \
         compare issuer, subject and audience, which are case-sensitive",
    ),
    (70_025, "the application has no federated credential: add one for the ARN of the function's role"),
    (
        700_211,
        "no federated credential has this issuer: it has to be the one that `aws iam \
         get-outbound-web-identity-federation-info` returns, without a slash at the end",
    ),
    (
        700_212,
        "no federated credential has this audience: it has to be api://AzureADTokenExchange, or the one of the \
         cloud in DYNABIND_CLOUD",
    ),
    (700_213, WRONG_SUBJECT),
    (7_002_131, WRONG_SUBJECT),
    (700_223, FORBIDDEN),
    (700_238, FORBIDDEN),
    // The token of STS.
    (700_024, "the token of STS is not within its validity period: check the clock of this service"),
    (50_013, UNVERIFIABLE),
    (700_027, UNVERIFIABLE),
    (50_166, UNREADABLE),
    (501_661, UNREADABLE),
    (
        5_002_738,
        "Entra accepts only tokens that are signed with RS256: check whether a proxy changes the requests to STS",
    ),
    (7_000_218, "Entra received no credential: check whether a proxy changes requests to Entra"),
    // The application and its tenant.
    (700_016, "the application is not in this tenant: check DYNABIND_ENTRA_CLIENT_ID and DYNABIND_ENTRA_TENANT_ID"),
    (90_002, "the tenant does not exist: check DYNABIND_ENTRA_TENANT_ID and DYNABIND_CLOUD"),
    (900_382, "the tenant belongs to another cloud: check DYNABIND_ENTRA_TENANT_ID and DYNABIND_CLOUD"),
];

const WRONG_SUBJECT: &str = "no federated credential has this subject: it has to be the ARN of the function's role, in \
                             the same upper and lower case (each role needs its own credential)";

const UNREADABLE: &str = "Entra cannot read the keys of the issuer: compare the issuer of the federated credential with that of the AWS account";

const FORBIDDEN: &str =
    "a policy of the Entra tenant forbids federated credentials or this issuer: let an administrator change the policy";

const UNVERIFIABLE: &str =
    "Entra cannot verify the token of STS: compare the issuer of the federated credential with that of the AWS account";
