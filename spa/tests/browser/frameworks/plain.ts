import { showSales } from '../../../examples/plain.js';
import { getAccessToken } from './client.js';

(document.getElementById('app') as HTMLElement).innerHTML = `
  <select id="data" aria-label="Data"></select><p id="message"></p><div id="report" style="height: 32rem"></div>`;
const at = (id: string) => document.getElementById(id);
void showSales(
  { report: at('report'), message: at('message'), datasets: at('data') } as never,
  location.origin,
  getAccessToken,
);
