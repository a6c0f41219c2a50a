/** Whether the network is there, and somebody looks at the page. Node can watch neither; both count as present. */
import { Timer } from './timer.js';

const defaultPauseMilliseconds = 300_000;

export class Presence {
  #environment;
  #pauseMilliseconds;
  #toldOf;
  #pause;

  /**
   * @param {object} parts
   * @param {import('./environment.js').Environment} parts.environment
   * @param {number} [parts.pauseHiddenAfter] milliseconds; default 5 minutes, `Infinity` for never
   * @param {() => void} parts.cameBack the network or the person is back
   * @param {() => void} parts.wentOffline
   * @param {() => void} parts.stayedHidden nobody has looked for `pauseHiddenAfter`
   */
  constructor({ environment, pauseHiddenAfter, ...toldOf }) {
    this.#environment = environment;
    this.#pauseMilliseconds = pauseHiddenAfter ?? defaultPauseMilliseconds;
    this.#toldOf = toldOf;
    this.#pause = new Timer(environment);
    this.#watch();
  }

  get isHidden() {
    return this.#environment.document?.hidden ?? false;
  }

  /** Whether somebody looks at a page: not in Node. */
  get isWatched() {
    return this.#environment.document?.hidden === false;
  }

  get isOnline() {
    return this.#environment.isOnline();
  }

  #watch() {
    const { window, document } = this.#environment;
    window?.addEventListener('online', () => this.#comeBack());
    window?.addEventListener('offline', () => this.#toldOf.wentOffline());
    document?.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#planPause();
      else this.#comeBack();
    });
  }

  #planPause() {
    if (!Number.isFinite(this.#pauseMilliseconds)) return;
    this.#pause.start(this.#pauseMilliseconds, () => this.#toldOf.stayedHidden());
  }

  #comeBack() {
    this.#pause.stop();
    this.#toldOf.cameBack();
  }
}
