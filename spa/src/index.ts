export { createDynabind, type Dynabind, type DynabindOptions, type EmbedOptions } from './client.js';
export type { TokenRequest } from './api.js';
export type { Clock } from './clock.js';
export type {
  Binding,
  DatasetList,
  EmbedConfig,
  ListedDataset,
  ListedProblem,
  ListedReport,
  Mode,
} from './contract.js';
export { DynabindError } from './errors.js';
export type { Handle, HandleEvents, HandleState, TokenInfo } from './handle.js';
export type { PowerBiService } from './powerbi.js';
export { describeProblem, type ErrorCode } from './texts.js';
