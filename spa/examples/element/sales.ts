import { createDynabind } from '@dynabind/client';
import { defineDynabindReport } from '@dynabind/element';

/** Call this function once. The element shows errors in the place of the report. */
export function start(apiUrl: string, getAccessToken: () => Promise<string>): void {
  defineDynabindReport(createDynabind({ apiUrl, getAccessToken }));
  const data = document.querySelector<HTMLSelectElement>('#data');
  const report = document.querySelector('dynabind-report');
  data?.addEventListener('change', () => report?.setAttribute('dataset', data.value));
}
