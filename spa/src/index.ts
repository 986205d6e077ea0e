export { createDynabind, type Dynabind, type DynabindOptions, type EmbedOptions } from './client.js';
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
export type { Explanation, Handle, HandleEvents, HandleState, Timings, TokenInfo } from './handle.js';
export type { PowerBiService } from './powerbi.js';
export type { PowerBiToken, PowerBiTokenRequest, TokenRequest } from './signIn.js';
export { describeProblem } from './describeProblem.js';
export type { ErrorCode } from './texts.js';
export type { Timeouts } from './timeouts.js';
