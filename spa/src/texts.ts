import type { ListedProblem, ServiceCode } from './contract.js';

/** What happened, and what a person can do about it. */
type Text = readonly [message: string, remedy: string];

const AGAIN = 'Try again in a moment.';
const SIGN_IN = 'Sign in again.';
const DETAIL = 'See `detail`.';
const OPERATOR = 'Tell the operator of the service; the request id finds the log entry.';

/** By code: first the codes of the service's problem documents, then those of the client. */
export const TEXTS = {
  'invalid-request': ['The request was not understood.', '`errors` names the fields that are wrong.'],
  'dataset-required': ['Several datasets could be shown in this report.', 'Pass one as `dataset`; `datasets()` lists them.'],
  'bindings-conflict': ['These reports cannot share a token.', 'Embed them one by one.'],
  unauthenticated: ['You are not signed in, or your sign-in has ended.', SIGN_IN],
  'interaction-required': ['Your organization wants you to confirm your sign-in.', SIGN_IN],
  'not-entitled': [
    'You have no access to this report with this data, or it does not exist.',
    'Choose another one, or ask your administrator for access.',
  ],
  'claim-missing': [
    'Your account lacks a detail that decides which rows you may see.',
    'Ask your administrator to complete your account.',
  ],
  'method-not-allowed': ['The service does not accept this request.', 'Check `apiUrl`: it is the base address of the API.'],
  'payload-too-large': ['The request is too large.', 'Embed fewer reports at once.'],
  'unsupported-media-type': ['The service did not accept the request’s format.', 'Check for a proxy that changes Content-Type.'],
  'too-many-requests': ['Too many requests were made in a short time.', AGAIN],
  internal: ['The service failed.', OPERATOR],
  'upstream-refused': ['Power BI does not accept the service’s own sign-in.', OPERATOR],
  'upstream-rejected': ['Power BI refuses to show this report with this data.', OPERATOR],
  'upstream-failed': ['Power BI did not answer properly.', AGAIN],
  'upstream-throttled': ['Power BI is busy.', AGAIN],
  'credentials-unavailable': ['The service cannot read its credentials.', AGAIN],
  'upstream-timeout': ['Power BI took too long to answer.', AGAIN],

  'invalid-argument': ['The page uses the client wrongly.', DETAIL],
  'sign-in-failed': ['The page could not get your sign-in.', SIGN_IN],
  offline: ['You are offline.', 'The page continues when the connection is back.'],
  'network-failed': ['The service could not be reached.', 'Check your connection and try again.'],
  'service-timeout': ['The service did not answer in time.', AGAIN],
  'unexpected-answer': ['The service’s answer was not understood.', 'Check `apiUrl` and the versions of client and service.'],
  'client-missing': ['The Power BI client could not be loaded.', 'Install powerbi-client, or pass its service as `powerbi`.'],
  'config-refused': ['The Power BI client refused the embed configuration.', DETAIL],
  'load-refused': ['Power BI refused to load the report.', DETAIL],
  'load-failed': [
    'Power BI could not load the report.',
    `${DETAIL} If the token lacks the report’s own dataset, set \`includeOwnDataset\` in the catalog.`,
  ],
  'load-timeout': ['The report did not answer.', 'Check that this browser can reach Power BI.'],
  'token-expired': ['The report’s access has expired and could not be renewed.', 'Try again, or sign in again.'],
  'token-refused': ['Power BI refused the renewed token.', AGAIN],
  'element-removed': ['The element of this report left the page.', 'Embed into an element of the document.'],
  disposed: ['This report was closed.', 'Embed again.'],
  aborted: ['The request was cancelled.', AGAIN],
  'internal-client': ['Something went wrong in this page.', 'Reload the page; `cause` says more.'],
} as const satisfies Record<ServiceCode, Text> & Record<string, Text>;

export type ErrorCode = keyof typeof TEXTS;

const LISTED_PROBLEMS: Readonly<Record<ListedProblem, string>> = {
  'report-not-found': 'Power BI does not find this report, or the service may not see it.',
  'dataset-not-found': 'Power BI does not find this dataset, or the service may not see it.',
  'workspace-not-on-capacity': 'Its workspace is not on a capacity, which dynamic binding needs.',
  'capacity-unknown': 'Power BI does not say whether its workspace is on a capacity.',
  'identity-required': 'It has row-level security, but no identity is set up for it.',
  'identity-roles-required': 'It needs a role for each person, and none is set up.',
  'identity-not-supported': 'An identity is set up for it, but it has no row-level security.',
  'claim-missing': TEXTS['claim-missing'][0],
  'lookup-failed': 'It could not be checked just now.',
};

/** The sentence for a code in the `problems` of a listed report or dataset. */
export function describeProblem(code: string): string {
  return (LISTED_PROBLEMS as Readonly<Record<string, string>>)[code] ?? `It cannot be used just now (${code}).`;
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(TEXTS, code);
}
