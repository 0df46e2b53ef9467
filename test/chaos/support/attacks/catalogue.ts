import { Choices, type Attack } from './attack.js';
import { BODY_ATTACKS } from './bodies.js';
import { HEADER_ATTACKS } from './headers.js';
import type { Stolen } from './sender.js';
import { TARGET_ATTACKS } from './targets.js';
import { tokenAttacks } from './tokens.js';

type Kind = readonly [what: string, make: (stolen: Stolen, choices: Choices) => Omit<Attack, 'what'>];

/** All kinds of attacks, each of which is varied by the seed. */
export class AttackCatalogue {
  readonly #kinds: readonly Kind[];
  readonly #stolen: Stolen;
  readonly #seed: number;

  private constructor(stolen: Stolen, seed: number, kinds: readonly Kind[]) {
    this.#stolen = stolen;
    this.#seed = seed;
    this.#kinds = kinds;
  }

  /** Signs the tokens that attacks carry. */
  static async of(stolen: Stolen, seed: number): Promise<AttackCatalogue> {
    const headers = Object.entries(HEADER_ATTACKS).map(([what, make]): Kind => {
      return [
        what,
        (given, choices) => {
          const { bytes, answers, after = 'continues' } = make(given, choices);
          return { pieces: [bytes], answers, after };
        },
      ];
    });
    const others = { ...BODY_ATTACKS, ...TARGET_ATTACKS, ...(await tokenAttacks(stolen)) };
    return new AttackCatalogue(stolen, seed, [...headers, ...Object.entries(others)]);
  }

  /** Number of kinds. */
  get size(): number {
    return this.#kinds.length;
  }

  /** Returns the attack of that number: each kind in turn, as the seed and the number vary it. */
  attack(number: number): Attack {
    const [what, make] = this.#kinds[number % this.#kinds.length]!;
    return { what, ...make(this.#stolen, new Choices(this.#seed * 1_000_003 + number)) };
  }
}
