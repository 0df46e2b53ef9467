/** A store for the durable inbox. */
export interface TestStore {
  readonly name: 'PostgreSQL' | 'Redis';
  readonly url: string;
}

if (process.env['TEST_POSTGRES_URL'] === undefined) {
  throw new Error(
    'No PostgreSQL was looked for: a test that needs one imports this file by an import that test/jest/tiers.js can read.',
  );
}

const found: { readonly name: TestStore['name']; readonly url: string | undefined }[] = [
  { name: 'PostgreSQL', url: process.env['TEST_POSTGRES_URL'] },
  { name: 'Redis', url: process.env['TEST_REDIS_URL'] },
];

/** Stores from `find-servers.js`: PostgreSQL, and Redis if there is one. */
export const STORES: readonly TestStore[] = found.filter((store): store is TestStore => store.url !== undefined);
