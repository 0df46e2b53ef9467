export { bullmqInbox } from './bullmq-inbox.js';
export type { BullmqInboxOptions } from './bullmq-inbox.options.js';
export { bullmqSecretStore, type BullmqSecretStoreOptions } from './bullmq-secret-store.js';
