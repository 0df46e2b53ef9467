import { lazy } from './lazy.js';

/** Loads `jose` when the first token is minted or verified: an app with static webhooks only never needs it. */
export const loadJose = lazy(() => import('jose'));
