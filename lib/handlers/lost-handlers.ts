import type { Logger } from '@nestjs/common';
import { DeclarationWatch, declaredHandlers, declaringClasses, prototypeChain } from './declared-handlers.js';

/** Time for other apps of the process to start and find their classes, in milliseconds. */
export const LOST_AFTER_MS = 3_000;
const MAX_NAMED = 20;

/** Classes that some app of this process has found, or has warned about. */
const foundOrReported = new WeakSet<object>();

/** The apps of this process, held weakly because not every app is closed. */
const running = new Set<WeakRef<LostHandlers>>();

/** Places where an app has classes whose decorated methods it does not run, by prototype. */
export interface UnsearchedPlaces {
  /** In modules that were loaded after the start. */
  readonly late: ReadonlySet<object>;
  /** Inside arrays and plain objects that are provided as values. */
  readonly held: ReadonlySet<object>;
}

const REASONS = {
  late: 'its module was loaded after the start: import it in a module of the app',
  held: 'inside an array or object that a provider returns: make it a provider of its own',
  unlisted:
    'in no module, or created by ModuleRef.create or a transient or request-scoped factory: list the class among the providers or controllers of a module',
} as const;

/**
 * Warns once about each decorated class that no app of this process has found, with the reason. Checks shortly after the
 * start, when other apps have found their classes, and shortly after a class is defined later, such as a lazily loaded one.
 */
export class LostHandlers {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #unsearchedPlaces: () => UnsearchedPlaces;
  readonly #watch = new DeclarationWatch(() => this.#checkLater());
  readonly #reference = new WeakRef(this);
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Pick<Logger, 'warn'>, unsearchedPlaces: () => UnsearchedPlaces) {
    this.#logger = logger;
    this.#unsearchedPlaces = unsearchedPlaces;
  }

  /** Starts the checks after the app has started. */
  start(): void {
    running.add(this.#reference);
    this.#watch.start();
    this.#checkLater();
  }

  stop(): void {
    running.delete(this.#reference);
    this.#watch.stop();
    clearTimeout(this.#timer);
  }

  #checkLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), LOST_AFTER_MS).unref();
  }

  #check(): void {
    const lost = declaringClasses().filter((prototype) => !foundOrReported.has(prototype));
    if (lost.length === 0) return;
    markFound(lost);
    // Ask every app, because the class may belong to another one.
    const apps = [...running].flatMap((app) => app.deref() ?? []);
    const places = apps.map((app) => app.#unsearchedPlaces());
    const [late, held] = [union(places.map((one) => one.late)), union(places.map((one) => one.held))];
    const reasonOf = (prototype: object) =>
      late.has(prototype) ? REASONS.late : held.has(prototype) ? REASONS.held : REASONS.unlisted;
    const parts = Object.values(REASONS).flatMap((reason) => {
      const names = lost.filter((prototype) => reasonOf(prototype) === reason).flatMap(methodsOf);
      const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
      return names.length === 0 ? [] : [`${names.slice(0, MAX_NAMED).join(', ')}${more} (${reason})`];
    });
    this.#logger.warn(`Methods with @OnGeminiEvent that were not found and never run: ${parts.join('; ')}.`);
  }
}

/** Records that an app has found these classes, and with each its ancestors, whose methods it inherits. */
export function markFound(prototypes: Iterable<object>): void {
  for (const prototype of prototypes) for (const one of prototypeChain(prototype)) foundOrReported.add(one);
}

function methodsOf(prototype: object): string[] {
  return [...declaredHandlers(prototype)].map(([name, { className }]) => `${className}.${name}`);
}

function union(sets: readonly ReadonlySet<object>[]): ReadonlySet<object> {
  return new Set(sets.flatMap((one) => [...one]));
}
