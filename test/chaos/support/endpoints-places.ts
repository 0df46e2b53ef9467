import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTestQueues, testQueue } from '../../support/durable.js';
import { secretPlace } from '../../support/secret-stores.js';
import { STORES } from '../../support/stores.js';
import type { SigningSecret } from '../../../lib/index.js';
import type { EndpointsConfig } from './endpoints-process.js';

/** Stores of the events and signing secrets of several processes. */
export interface EndpointsPlace extends Pick<EndpointsConfig, 'inbox' | 'secrets'> {
  /** Makes unfinished rotations overdue within a second. Without a lock, a sync waits for that. */
  shortenRotations?(): Promise<void>;
  remove(): Promise<void>;
}

/** Places whose processes share a distributed lock. */
export const DURABLE_PLACES = STORES.map(({ name, url }) => ({
  name: `BullMQ and secrets on ${name}`,
  make: async () => durablePlace(url),
}));

/** Each inbox with its secret store. */
export const PLACES = [{ name: 'the inline inbox and secrets in a file', make: filePlace }, ...DURABLE_PLACES];

async function filePlace(): Promise<EndpointsPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'gemini-webhooks-endpoints-'));
  const file = join(folder, 'secrets.json');
  return {
    secrets: { file },
    async shortenRotations() {
      const content = JSON.parse(await readFile(file, 'utf8')) as { endpoints: Record<string, SigningSecret[]> };
      const expiresAt = new Date(Date.now() + 1_000).toISOString();
      for (const [name, secrets] of Object.entries(content.endpoints)) {
        if (name.endsWith('.rotating')) content.endpoints[name] = secrets.map(({ value }) => ({ value, expiresAt }));
      }
      await writeFile(file, JSON.stringify(content));
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function durablePlace(url: string): EndpointsPlace {
  const { name: queueName } = testQueue(url);
  const secrets = secretPlace(url);
  return {
    inbox: { url, queueName },
    secrets: { url, prefix: secrets.prefix },
    async remove() {
      await removeTestQueues();
      await secrets.remove();
    },
  };
}
