import type { components, paths } from './api.gen.js';

type Schemas = components['schemas'];

export type Mode = Schemas['Mode'];
export type ConfigAnswer = Schemas['ConfigResponse'];
export type EmbedConfig = Schemas['Config'];
export type TokenAnswer = Schemas['EmbedToken'];
export type DatasetList = Schemas['DatasetsResponse'];
export type ListedReport = Schemas['ReportEntry'];
export type ListedDataset = Schemas['DatasetEntry'];
export type ListedProblem = ListedReport['problems'][number] | ListedDataset['problems'][number];
export type Problem = Schemas['Problem'];
export type Path = keyof paths;

type CodeOf<Type extends string> = Type extends `urn:dynabind:problem:${infer Code}` ? Code : never;
export type ServiceCode = CodeOf<Problem['type']>;

/** What to show and in which mode; keys are names of the service's catalog. */
export interface Binding {
  /** Optional in mode `create`. */
  report?: string;
  /** Optional if the caller's grants allow exactly one dataset for the report. */
  dataset?: string;
  /** Default: `view`. */
  mode?: Mode;
}

/** The binding without undefined fields, and with its mode. */
export function bindingOf({ report, dataset, mode = 'view' }: { [Name in keyof Binding]?: Binding[Name] | undefined }): Binding {
  return { ...(report !== undefined && { report }), ...(dataset !== undefined && { dataset }), mode };
}

/** The same text for the same binding. It is needed because the service refuses duplicates. */
export function bindingKey({ report, dataset, mode = 'view' }: Binding): string {
  return JSON.stringify([mode, report, dataset]);
}
