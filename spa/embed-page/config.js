import { Refusal } from './messages.js';

const isText = (value) => typeof value === 'string' && value !== '';

function require(holds, message) {
  if (!holds) throw new Refusal(400, 'Invalid parameters', message);
}

function checkAccess({ accessToken, tokenType }) {
  require(isText(accessToken), 'accessToken is required');
  require(tokenType === 0 || tokenType === 1, 'tokenType property is invalid');
}

const isReplacement = (entry) => isText(entry?.sourceDatasetId) && isText(entry?.targetDatasetId);

function replacements(value, field) {
  if (value === undefined || value === null) return [];
  require(Array.isArray(value) && value.every(isReplacement), `${field} property is invalid`);
  return value.map((entry) => entry.targetDatasetId);
}

/**
 * Reads the config of a load. Each kind of report has its own key for the binding. The wrong key is ignored, as in the real
 * service, and the report then shows its own data. Settings of panes and background prevent a paginated report from loading.
 */
export function readLoad(config, isPaginated) {
  require(typeof config === 'object' && config !== null, 'config is required');
  checkAccess(config);
  require(isText(config.id), 'id is required');
  const permissions = config.permissions ?? 0;
  require([0, 1, 2, 4, 7].includes(permissions), 'permissions property is invalid');
  const common = {
    tokenType: config.tokenType,
    accessToken: config.accessToken,
    reportId: config.id,
    permissions,
  };
  if (isPaginated) {
    const [datasetId = null] = replacements(config.datasetBindings, 'datasetBindings');
    const { panes, background } = config.settings ?? {};
    return { ...common, datasetId, alsoBound: [], hangs: panes !== undefined || background !== undefined };
  }
  const binding = config.datasetBinding ?? {};
  require(typeof binding === 'object' && !Array.isArray(binding), 'datasetBinding must be an object');
  const datasetId = binding.datasetId ?? null;
  require(datasetId === null || isText(datasetId), 'datasetId must be a string');
  const alsoBound = replacements(binding.paginatedReportBindings, 'paginatedReportBindings');
  return { ...common, datasetId, alsoBound };
}

export function readCreate(config) {
  require(typeof config === 'object' && config !== null, 'config is required');
  checkAccess(config);
  require(isText(config.datasetId), 'datasetId is required');
  return {
    tokenType: config.tokenType,
    accessToken: config.accessToken,
    reportId: null,
    datasetId: config.datasetId,
    groupId: config.groupId ?? null,
    permissions: 0,
    alsoBound: [],
  };
}
