import { start } from '../../../examples/element/sales.js';
import html from '../../../examples/element/sales.html?raw';
import { getAccessToken } from './client.js';

(document.getElementById('app') as HTMLElement).innerHTML = html;
start(location.origin, getAccessToken);
