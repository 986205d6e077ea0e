import type { Person } from './devstack.js';
import { at, h } from './dom.js';

/** The demo's callers, to choose one from. */
export function showPeople(people: readonly Person[], onChoice: (person: Person) => void): void {
  const options = people.map((person, index) =>
    h(
      'label',
      { class: 'option' },
      h('input', { type: 'radio', name: 'person', value: person.name, id: `person-${index}`, onchange: () => onChoice(person) }),
      h(
        'span',
        {},
        h('strong', {}, person.displayName),
        h('span', { class: 'tag' }, person.tenant),
        h('small', {}, person.about),
      ),
    ),
  );
  at('people').replaceChildren(h('div', { role: 'radiogroup', 'aria-labelledby': 'who-title' }, ...options));
}

export function forgetChoice(): void {
  for (const input of at('people').querySelectorAll<HTMLInputElement>('input:checked')) input.checked = false;
}
