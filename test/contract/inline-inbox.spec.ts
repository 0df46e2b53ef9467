import { inlineInbox } from '../../lib/inbox/inline-inbox.js';
import { inboxContract } from './inbox.contract.js';

inboxContract('inline', {
  create: (host) => inlineInbox()(host),
  idle: async () => undefined,
});
