import { CannotWire } from './tree.js';

/** What an inbox adds to the app. */
export interface InboxChoice {
  /** Options of `forRoot`, as code. */
  readonly options: string;
  readonly packages: readonly string[];
  /** Example of the store's URL. */
  readonly url?: string;
}

const DURABLE = '{ inbox: bullmqInbox() }';

const CHOICES: Readonly<Record<string, InboxChoice>> = {
  inline: { options: '', packages: [] },
  'bullmq-redis': { options: DURABLE, packages: ['bullmq', 'ioredis'], url: 'redis://localhost:6379' },
  'bullmq-postgres': { options: DURABLE, packages: ['bullmq', 'pg'], url: 'postgres://localhost/app' },
};

/** @throws CannotWire for a name that is none of them */
export function inboxChoice(name: string): InboxChoice {
  const choice = Object.hasOwn(CHOICES, name) ? CHOICES[name] : undefined;
  if (choice) return choice;
  throw new CannotWire(`--inbox ${name} is not an inbox. Give one of: ${Object.keys(CHOICES).join(', ')}.`);
}
