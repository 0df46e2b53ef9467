import { jest } from '@jest/globals';
import { inlineInbox } from '../../lib/inbox/inline-inbox.js';
import { jobTrackerProperty } from './job-tracker.property.js';

jest.setTimeout(120_000);

jobTrackerProperty('inline', { create: async (host) => inlineInbox()(host), ready: async () => undefined }, 150);
