import { afterAll, beforeEach, describe, jest } from '@jest/globals';
import { bullmqSecretStore } from '../../lib/bullmq/index.js';
import { secretPlace, type SecretPlace } from '../support/secret-stores.js';
import { STORES } from '../support/stores.js';
import { secretStoreContract } from './secret-store.contract.js';

jest.setTimeout(60_000);

describe.each(STORES)('on $name', ({ url }) => {
  const places: SecretPlace[] = [];

  beforeEach(() => {
    places.push(secretPlace(url));
  });

  afterAll(async () => {
    await Promise.all(places.map((place) => place.remove()));
  });

  secretStoreContract('of BullMQ', () => {
    const { prefix } = places.at(-1)!;
    return bullmqSecretStore({ url, prefix })({ registration: 'default', keys: ['the key of this deployment'] });
  });
});
