import { readCreate, readLoad } from './config.js';
import { Messages, Refusal } from './messages.js';
import { Report } from './report.js';

const isPaginated = location.pathname.toLowerCase().startsWith('/rdlembed');
const messages = new Messages();
const report = new Report(messages, isPaginated);
const ACCEPTED = [202, {}];

function load(config, phased) {
  const target = readLoad(config, isPaginated);
  const { uniqueId, pageName, viewMode, parameterValues } = config;
  document.body.dataset.parameters = JSON.stringify(parameterValues ?? []);
  void report.load(target, { uniqueId, pageName, phased, editing: viewMode === 1 });
  return ACCEPTED;
}

messages.on('POST', '/report/load', (config) => load(config, false));
messages.on('POST', '/report/prepare', (config) => load(config, true));
messages.on('POST', '/report/create', (config) => {
  void report.load(readCreate(config), { editing: true });
  return ACCEPTED;
});
messages.on('POST', '/report/render', () => {
  report.render();
  return ACCEPTED;
});
messages.on('POST', '/report/token', async (token) => {
  if (isPaginated) throw new Refusal(400, 'NotSupported', 'A paginated report does not accept a token while it is shown.');
  await report.setToken(token);
  return ACCEPTED;
});
messages.on('POST', '/report/refresh', () => {
  void report.refresh();
  return ACCEPTED;
});
messages.on('GET', '/report/pages', () => [200, report.pages]);
messages.on('PUT', '/report/pages/active', async ({ name } = {}) => {
  if (!report.pages.some((page) => page.name === name)) throw new Refusal(404, 'PowerBIEntityNotFound', 'No such page.');
  await report.turnTo(name);
  return ACCEPTED;
});
messages.on('GET', '/report/pages/:page/visuals', () => [200, []]);
for (const method of ['GET', 'PUT', 'POST']) messages.on(method, '/report/filters', () => [200, []]);
messages.on('PATCH', '/report/settings', () => ACCEPTED);
messages.on('POST', '/frontload/config', () => ACCEPTED);
messages.on('GET', '/getCorrelationId', () => [200, crypto.randomUUID()]);
for (const path of ['save', 'saveAs', 'print']) messages.on('POST', `/report/${path}`, () => ACCEPTED);
