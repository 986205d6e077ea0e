import { Component, CUSTOM_ELEMENTS_SCHEMA, signal } from '@angular/core';

@Component({
  selector: 'app-sales',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <select aria-label="Data" #choice (change)="dataset.set(choice.value)">
      <option value="contoso-sales">Sales</option>
      <option value="contoso-plan">Plan</option>
    </select>
    <p role="status">{{ state() }}</p>
    <dynabind-report
      report="sales"
      [attr.dataset]="dataset()"
      label="Sales overview"
      style="height: 32rem"
      (dynabind-statechange)="state.set($any($event).detail.state)"
    ></dynabind-report>
  `,
})
export class SalesComponent {
  readonly dataset = signal('contoso-sales');
  readonly state = signal('loading');
}
