import type { ListedProblem, ServiceCode } from './contract.js';

interface Text {
  message: string;
  remedy: string;
}

const AGAIN = 'Try again in a moment.';
const OPERATOR = 'Tell the operator of this service; the request id finds the entry in its log.';

/** What a person is told, by code: first the codes of the service's problem documents, then the library's own. */
export const TEXTS = {
  'invalid-request': {
    message: 'The request was not understood.',
    remedy: 'Look at `errors`: it names the fields that are wrong.',
  },
  'dataset-required': {
    message: 'Several datasets could be shown in this report.',
    remedy: 'Choose one and pass it as `dataset`; `datasets()` lists them.',
  },
  unauthenticated: { message: 'You are not signed in, or your sign-in has ended.', remedy: 'Sign in again.' },
  'interaction-required': {
    message: 'Your organization wants you to confirm your sign-in.',
    remedy: 'Sign in again and follow the prompts.',
  },
  'not-entitled': {
    message: 'You have no access to this report with this data, or it does not exist.',
    remedy: 'Choose another one, or ask your administrator for access.',
  },
  'claim-missing': {
    message: 'Your account lacks a detail that decides which rows you may see.',
    remedy: 'Ask your administrator to complete your account.',
  },
  'method-not-allowed': {
    message: 'The service does not take this kind of request.',
    remedy: 'Check `apiUrl`: it should be the base address of the Dynabind API.',
  },
  'payload-too-large': { message: 'The request is too large.', remedy: 'Ask for fewer bindings at once.' },
  'unsupported-media-type': {
    message: 'The service did not accept the request’s format.',
    remedy: 'Check for a proxy that changes the Content-Type header.',
  },
  'too-many-requests': { message: 'Too many requests were made in a short time.', remedy: AGAIN },
  internal: { message: 'The service failed.', remedy: OPERATOR },
  'upstream-refused': { message: 'Power BI does not accept the service’s own sign-in.', remedy: OPERATOR },
  'upstream-rejected': { message: 'Power BI refuses to show this report with this data.', remedy: OPERATOR },
  'upstream-failed': { message: 'Power BI did not answer properly.', remedy: AGAIN },
  'upstream-throttled': { message: 'Power BI is busy.', remedy: AGAIN },
  'credentials-unavailable': { message: 'The service cannot reach its credentials.', remedy: AGAIN },
  'upstream-timeout': { message: 'Power BI took too long to answer.', remedy: AGAIN },

  'sign-in-failed': {
    message: 'The page could not get your sign-in.',
    remedy: 'Sign in again. `cause` holds what getAccessToken threw.',
  },
  'network-failed': { message: 'The service could not be reached.', remedy: 'Check your connection and try again.' },
  'unexpected-answer': {
    message: 'The service’s answer was not understood.',
    remedy: 'Check `apiUrl`, and that the library and the service are of the same version.',
  },
  'client-missing': {
    message: 'The Power BI client library could not be loaded.',
    remedy: 'Install powerbi-client, or pass its service as `powerbi`.',
  },
  'config-refused': {
    message: 'The Power BI client refused the embed configuration.',
    remedy: 'See `detail` for the field at fault.',
  },
  'load-refused': {
    message: 'Power BI refused to load the report.',
    remedy: 'See `detail`; the token may not cover this report and dataset.',
  },
  'load-failed': { message: 'Power BI could not load the report.', remedy: 'See `detail`, or try again.' },
  'load-timeout': {
    message: 'The report did not answer.',
    remedy: 'Check that this browser can reach the Power BI address.',
  },
  'token-expired': {
    message: 'The report’s access has run out and could not be renewed.',
    remedy: 'Try again; sign in again if that does not help.',
  },
  'token-refused': { message: 'Power BI refused the renewed token.', remedy: AGAIN },
  'element-removed': {
    message: 'The element of this report left the page.',
    remedy: 'Embed again into an element that is in the document.',
  },
  disposed: { message: 'This report was closed.', remedy: 'Embed again.' },
  aborted: { message: 'The request was given up.', remedy: AGAIN },
  'internal-client': { message: 'Something went wrong in this page.', remedy: 'Reload the page; `cause` says more.' },
} as const satisfies Record<ServiceCode, Text> & Record<string, Text>;

export type ErrorCode = keyof typeof TEXTS;

const LISTED_PROBLEMS: Readonly<Record<ListedProblem, string>> = {
  'report-not-found': 'Power BI does not find this report, or the service may not see it.',
  'dataset-not-found': 'Power BI does not find this dataset, or the service may not see it.',
  'workspace-not-on-capacity': 'Its workspace is not on a capacity, which dynamic binding needs.',
  'identity-required': 'It shows each person their own rows, but no identity is set up for it.',
  'identity-roles-required': 'It wants a role for each person, and none is set up.',
  'identity-not-supported': 'An identity is set up for it, but it has no row-level security.',
  'claim-missing': 'Your account lacks a detail that decides which rows you may see.',
  'lookup-failed': 'It could not be checked just now.',
};

/** The sentence for a code in the `problems` of a listed report or dataset. */
export function describeProblem(code: string): string {
  return (LISTED_PROBLEMS as Readonly<Record<string, string>>)[code] ?? `It cannot be used just now (${code}).`;
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(TEXTS, code);
}
