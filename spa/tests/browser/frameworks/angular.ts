import '@angular/compiler';
import { provideZonelessChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { defineDynabindReport } from '@dynabind/element';
import { SalesComponent } from '../../../examples/angular/sales.component.js';
import { client } from './client.js';

defineDynabindReport(client());
(document.getElementById('app') as HTMLElement).innerHTML = '<app-sales></app-sales>';
void bootstrapApplication(SalesComponent, { providers: [provideZonelessChangeDetection()] });
