// What a screen reader is told of agents at work: rounds, and agreement at a pace one can bear.
import type { Progress } from '../api/progress';

const pause = 5000; // milliseconds between two words on agreement

export class Narrator {
  #agreement = '';
  #said = -Infinity;

  // Null: nothing worth saying. `now` is in milliseconds.
  tell(progress: Progress, now: number): string | null {
    const { type, round } = progress;
    if (type === 'round') return `Round ${round}: ${progress.agents} agents at work`;
    if (type === 'aggregating')
      return ['Putting the answer together', this.#agreement].filter(Boolean).join('. ');
    if (type !== 'agreement') return null;
    const { agreed, answered, result } = progress;
    this.#agreement = `${agreed} of ${answered} agree on ${result.slice(0, 80)}`;
    if (now - this.#said < pause) return null;
    this.#said = now;
    return this.#agreement;
  }
}
