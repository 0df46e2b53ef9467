import { inlineInbox } from '../../lib/inbox/inline-inbox.js';
import { jobTrackerContract } from './job-tracker.contract.js';

jobTrackerContract('inline', { create: async (host) => inlineInbox()(host), ready: async () => undefined });
