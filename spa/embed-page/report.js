import { faultOf, Refusal } from './messages.js';
import { query } from './service.js';
import { PAGES, View } from './view.js';

/** A report that behaves like a real one: queries may fail later, a new token keeps the view, and an expiry needs a reload. */
export class Report {
  #messages;
  #isPaginated;
  #view = new View((page) => void this.turnTo(page));
  #uid = new URLSearchParams(location.search).get('uid');
  #target;
  #page = PAGES[0].name;
  #load = 0;
  #hasExpired = false;
  #expiry;

  constructor(messages, isPaginated) {
    this.#messages = messages;
    this.#isPaginated = isPaginated;
    messages.tell(`/ready/${this.#uid}`, {});
  }

  get pages() {
    return PAGES.map((page) => ({ ...page, isActive: page.name === this.#page, visibility: 0 }));
  }

  async load(target, { uniqueId, pageName, phased = false, editing = false }) {
    const load = ++this.#load;
    this.#uid = uniqueId ?? this.#uid;
    this.#target = target;
    this.#hasExpired = false;
    this.#page = PAGES.some(({ name }) => name === pageName) ? pageName : PAGES[0].name;
    document.body.dataset.loads = String(load);
    this.#view.say('loading', 'Loading…');
    const { report, fault } = await query(target);
    if (load !== this.#load) return;
    if (fault) return this.#fail(fault);
    this.#watchExpiry(report.expiration);
    this.render = () => {
      this.#view.show(report, editing);
      this.#view.turnTo(this.#page);
      this.#event('rendered', {});
    };
    this.#event('loaded', {});
    if (!phased) this.render();
  }

  /** Checks that a phased load has loaded before it renders. */
  render = () => {
    throw new Refusal(400, 'Invalid parameters', 'The report is not loaded.');
  };

  /** Replaces the token. A token that does not cover the shown report is refused, and the old token stays. */
  async setToken(accessToken) {
    if (typeof accessToken !== 'string' || accessToken === '') {
      throw new Refusal(400, 'Invalid parameters', 'accessToken is required');
    }
    if (!this.#target) throw new Refusal(400, 'Invalid parameters', 'The report is not loaded.');
    const target = { ...this.#target, accessToken };
    const { report, fault } = await query(target);
    if (fault) throw new Refusal(403, fault.errorCode, fault.detailedMessage);
    this.#target = target;
    if (!this.#hasExpired) this.#watchExpiry(report.expiration);
    document.body.dataset.tokens = String(Number(document.body.dataset.tokens ?? 0) + 1);
  }

  async turnTo(page) {
    if (!(await this.#isStillOpen())) return;
    this.#page = page;
    this.#view.turnTo(page);
    const { name, displayName } = PAGES.find((known) => known.name === page);
    this.#event('pageChanged', { newPage: { name, displayName, isActive: true } });
  }

  async refresh() {
    if (await this.#isStillOpen()) this.#event('rendered', {});
  }

  async #isStillOpen() {
    if (!this.#target || this.#hasExpired) return false;
    const { fault } = await query(this.#target);
    if (fault) this.#fail(fault);
    return !fault;
  }

  #watchExpiry(expiration) {
    clearInterval(this.#expiry);
    this.#expiry = setInterval(() => {
      if (Date.now() < Date.parse(expiration)) return;
      this.#fail(faultOf('TokenExpired', 'Access token has expired, resubmit with a new access token'));
    }, 500);
  }

  #fail(fault) {
    clearInterval(this.#expiry);
    this.#hasExpired = fault.errorCode === 'TokenExpired';
    this.#view.say(this.#hasExpired ? 'expired' : 'error', fault.detailedMessage);
    this.#event('error', fault);
  }

  /** Sends an event, except for a paginated report, which sends none while it loads. */
  #event(name, body) {
    if (this.#isPaginated && name !== 'error') return;
    this.#messages.tell(`/reports/${this.#uid}/events/${name}`, body);
  }
}
