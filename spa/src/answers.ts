import type { Binding, ConfigAnswer, EmbedConfig } from './contract.js';
import { unexpected } from './errors.js';

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The hosts from which powerbi-client embeds. */
const POWER_BI =
  /(\.powerbi\.com|\.fabric\.microsoft\.com|\.analysis(-df\.windows|\.windows-int)\.net|^app\.(powerbi\.(cn|sovcloud-api\.fr|eaglex\.ic\.gov|microsoft\.scloud)|(mil\.|high\.|canaryhigh\.)?powerbigov\.us))$/;

type Fields = Record<string, unknown>;

/** Ids of datasets by key, from the service. A dataset that is granted with its workspace has its id as the key. */
export type DatasetIds = ReadonlyMap<string, string>;

export function isPaginated(embedUrl: string): boolean {
  return new URL(embedUrl).pathname.toLowerCase().startsWith('/rdlembed');
}

/** Refuses an answer that does not match the request exactly. powerbi-client would show the report's own data for some of them. */
export function checkedConfigs(answer: ConfigAnswer, bindings: readonly Binding[], known: DatasetIds): EmbedConfig[] {
  const configs: unknown = answer.configs;
  if (!Array.isArray(configs) || configs.length !== bindings.length) throw unexpected('/configs is missing or wrong.');
  const checked = configs.map((config, at) => checkedConfig(config, bindings[at] as Binding, known, `/configs/${at}`));
  for (const field of ['accessToken', 'tokenType'] as const) {
    if (checked.some((config) => config[field] !== checked[0]?.[field])) throw unexpected(`${field} differs.`);
  }
  const { accessToken, tokenType } = checked[0] as EmbedConfig;
  const isOk = answer.scopes ? isScopes(answer.scopes) && tokenType === 0 && !accessToken : isText(accessToken);
  if (!isOk) throw unexpected('/scopes or accessToken is missing or wrong.');
  return checked;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isGuid = (value: unknown): value is string => typeof value === 'string' && GUID.test(value);
const isScopes = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isText);
const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Returns only the known fields, because an unknown field could change what powerbi-client shows. */
function checkedConfig(value: unknown, binding: Binding, known: DatasetIds, place: string): EmbedConfig {
  const config = Object(value) as Fields;
  const { tokenType, accessToken, embedUrl, id, groupId, permissions } = config;
  const isNew = binding.mode === 'create';
  const isEdit = binding.mode === 'edit';
  const url = checkedEmbedUrl(embedUrl);
  const isBound = (datasetId: unknown): boolean => isGuid(datasetId) && isTheOneAskedFor(datasetId, binding, known);
  const checks: Record<string, boolean> = {
    type: config.type === (isNew ? 'create' : 'report'),
    tokenType: tokenType === 0 || tokenType === 1,
    accessToken: accessToken === undefined || isText(accessToken),
    embedUrl: url !== undefined,
  };
  if (isNew) {
    checks.datasetId = isBound(config.datasetId);
    checks.groupId = groupId === undefined || isGuid(groupId);
  } else {
    checks.id = isGuid(id) && isSame(url?.searchParams.get('reportId') ?? id, id);
    if (url && isPaginated(url.href)) checks.datasetBindings = areReplacements(config.datasetBindings, isBound);
    else {
      checks.datasetBinding = isReportBinding(config.datasetBinding, isBound);
      checks.permissions = isEdit ? permissions === 1 || permissions === 7 : permissions === 0;
      checks.viewMode = config.viewMode === (isEdit ? 1 : 0);
    }
  }
  const checked: Fields = {};
  for (const field in checks) {
    if (!checks[field]) throw unexpected(`${place}/${field} is missing or wrong.`);
    if (config[field] !== undefined) checked[field] = config[field];
  }
  return checked as unknown as EmbedConfig;
}

export function checkedEmbedUrl(value: unknown): URL | undefined {
  try {
    const url = new URL(value as string);
    return url.protocol === 'https:' && POWER_BI.test(url.hostname) ? url : undefined;
  } catch {
    return undefined;
  }
}

function isTheOneAskedFor(datasetId: string, { dataset = datasetId }: Binding, known: DatasetIds): boolean {
  return isSame(known.get(dataset) ?? (isGuid(dataset) ? dataset : datasetId), datasetId);
}

function isReportBinding(value: unknown, isBound: (datasetId: unknown) => boolean): boolean {
  const { datasetId, paginatedReportBindings: paginated } = Object(value) as Fields;
  const isSameTarget = (target: unknown) => target === datasetId;
  return isBound(datasetId) && (paginated === undefined || areReplacements(paginated, isSameTarget));
}

function areReplacements(value: unknown, isTarget: (datasetId: unknown) => boolean): boolean {
  const isReplacement = (entry: Fields | null) => isGuid(entry?.sourceDatasetId) && isTarget(entry?.targetDatasetId);
  return Array.isArray(value) && value.length > 0 && value.every(isReplacement);
}
