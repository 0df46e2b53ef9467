export { bullmqInbox } from './bullmq-inbox.js';
export type { BullmqInboxOptions } from './bullmq-inbox.options.js';
