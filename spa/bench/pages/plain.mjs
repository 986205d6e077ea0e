import * as client from 'powerbi-client';
import { fetchConfig, onClick } from './service.mjs';

const { service, factories } = client;
const powerbi = new service.Service(factories.hpmFactory, factories.wpmpFactory, factories.routerFactory);

onClick(async (rendered) => {
  const report = powerbi.embed(document.getElementById('app'), await fetchConfig());
  report.on('rendered', rendered);
});
