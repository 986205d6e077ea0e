import { createApp } from 'vue';
import { defineDynabindReport } from '@dynabind/element';
import Sales from '../../../examples/vue/Sales.vue';
import { client } from './client.js';

defineDynabindReport(client());
createApp(Sales).mount('#app');
