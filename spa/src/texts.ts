import type { ListedProblem, ServiceCode } from './contract.js';
import { problemTexts } from './describeProblem.js';
import { texts, type Text } from './errors.js';

const AGAIN = 'Try again in a moment.';
const SIGN_IN = 'Sign in again.';
const DETAIL = 'See `detail`.';
const OPERATOR = 'Give the request id to the operator of the service.';

/** The texts by code: first the codes of the service's problem documents, then those of the client. */
export const TEXTS = {
  'invalid-request': ['The request was not understood.', '`errors` names the fields that are wrong.'],
  'dataset-required': ['This report has several datasets.', 'Pass one as `dataset`; `datasets()` lists them.'],
  'bindings-conflict': ['These reports cannot share a token.', 'Embed them one by one.'],
  unauthenticated: ['You are not signed in, or your sign-in has ended.', SIGN_IN],
  'interaction-required': ['Your organization requires you to confirm your sign-in.', SIGN_IN],
  'not-entitled': [
    'You have no access to this report with this data, or it does not exist.',
    'Choose another one, or ask your administrator.',
  ],
  'claim-missing': [
    'Your account lacks a detail that decides which rows you may see.',
    'Ask your administrator.',
  ],
  'method-not-allowed': ['The service does not accept this request.', 'Check `apiUrl`: it is the base address of the API.'],
  'payload-too-large': ['The request is too large.', 'Embed fewer reports at once.'],
  'unsupported-media-type': ['The service did not accept the format.', 'Check for a proxy that changes Content-Type.'],
  'too-many-requests': ['There were too many requests.', AGAIN],
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
  'unexpected-answer': ['The service’s answer was not understood.', 'Check `apiUrl` and the versions.'],
  'client-missing': ['The Power BI client could not be loaded.', 'Install powerbi-client, or pass `powerbi`.'],
  'config-refused': ['The Power BI client refused the configuration.', DETAIL],
  'load-refused': ['Power BI refused to load the report.', DETAIL],
  'load-failed': [
    'Power BI could not load the report.',
    `${DETAIL} The report may need its own dataset: set \`includeOwnDataset\` in the catalog.`,
  ],
  'load-timeout': ['The report did not answer.', 'Check that this browser can reach Power BI.'],
  'token-expired': ['The report’s access has expired.', SIGN_IN],
  'token-refused': ['Power BI refused the renewed token.', AGAIN],
  'element-removed': ['The element of this report left the page.', 'Embed again.'],
  disposed: ['This report was closed.', 'Embed again.'],
  aborted: ['The request was cancelled.', AGAIN],
  'internal-client': ['Something went wrong in this page.', 'Reload the page.'],
} as const satisfies Record<ServiceCode, Text> & Record<string, Text>;

export type ErrorCode = keyof typeof TEXTS;

const notFound = (what: string) => `Power BI does not find this ${what}, or the service may not see it.`;

const LISTED_PROBLEMS: Readonly<Record<ListedProblem, string>> = {
  'report-not-found': notFound('report'),
  'dataset-not-found': notFound('dataset'),
  'workspace-not-on-capacity': 'Its workspace is not on a capacity, which dynamic binding needs.',
  'capacity-unknown': 'Power BI does not say whether its workspace is on a capacity.',
  'identity-required': 'It needs an identity, and none is set up.',
  'identity-roles-required': 'It needs a role for each person, and none is set up.',
  'identity-not-supported': 'It does not support an identity, but one is set up.',
  'claim-missing': TEXTS['claim-missing'][0],
  'lookup-failed': 'It could not be checked. Try again later.',
};

/** Adds these texts to the tables of the first file. */
export function addTexts(): void {
  Object.assign(texts, TEXTS);
  Object.assign(problemTexts, LISTED_PROBLEMS);
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(TEXTS, code);
}
