/** The way back up: a client on a lower transport now and then tries the one above, beside the connection in use. */
import { Connection } from './connection.js';
import { Timer } from './timer.js';
import { openMilliseconds } from './transport.js';

/** The first try comes after a minute; later ones come less and less often. */
const firstMilliseconds = 60_000;
const longestMilliseconds = 600_000;

export class Climber {
  #surroundings;
  #ladder;
  #isWatched;
  #start;
  #changeOver;
  #timer;
  #milliseconds = firstMilliseconds;
  /** How often it was stopped: an earlier try does not count any more. */
  #stops = 0;

  /**
   * @param {object} parts
   * @param {import('./transport.js').Surroundings} parts.surroundings
   * @param {import('./ladder.js').Ladder} parts.ladder
   * @param {() => boolean} parts.isWatched false while nobody looks: no tries then
   * @param {() => import('./transport.js').Start} parts.start the plan of the connection beside
   * @param {() => void} parts.changeOver called once the ladder has climbed: a connection over its current transport must become live
   */
  constructor({ surroundings, ladder, isWatched, start, changeOver }) {
    this.#surroundings = surroundings;
    this.#ladder = ladder;
    this.#isWatched = isWatched;
    this.#start = start;
    this.#changeOver = changeOver;
    this.#timer = new Timer(surroundings.environment);
  }

  /** The connection in use is live: the wait for the next try begins. */
  plan() {
    if (this.#ladder.above) this.#timer.start(this.#milliseconds, () => this.#climb());
  }

  /** The connection in use was dropped: a try under way changes nothing any more. */
  stop() {
    this.#stops += 1;
    this.#timer.stop();
  }

  async #climb() {
    const { above } = this.#ladder;
    const stops = this.#stops;
    if (!above) return;
    const works = this.#isWatched() && (await this.#opens(above));
    if (stops !== this.#stops) return;
    if (works) {
      this.#milliseconds = firstMilliseconds;
      this.#ladder.climb();
      this.#changeOver();
      return;
    }
    this.#milliseconds = Math.min(this.#milliseconds * 2, longestMilliseconds);
    this.plan();
  }

  /**
   * Whether a connection of its own becomes live.
   * @param {import('./ladder.js').TransportName} name
   * @returns {Promise<boolean>}
   */
  #opens(name) {
    return new Promise((settle) => {
      const done = (/** @type {boolean} */ works) => {
        patience.stop();
        connection.close();
        settle(works);
      };
      const patience = new Timer(this.#surroundings.environment);
      patience.start(openMilliseconds, () => done(false));
      const connection = new Connection(name, this.#surroundings, { live: () => done(true), closed: () => done(false) });
      connection.open({ ...this.#start(), maxRate: 1 });
    });
  }
}
