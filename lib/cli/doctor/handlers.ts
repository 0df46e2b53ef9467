import type { DoctorAnswer } from '../../shared/doctor-probe.js';
import { catalogueType } from '../../events/event-catalogue.js';
import { matchesPattern } from '../../events/event-pattern.js';
import type { GeminiEventPattern } from '../../events/gemini-event.js';
import { printable } from '../table.js';
import { failed, passed, skipped, type Check } from './check.js';

const NAME = 'handlers';

/**
 * Checks that a handler or a listener receives the verified events.
 *
 * @param app report of the app; `undefined` if its response has none
 * @param subscribed event types of the static webhook; `[]` if none was named
 */
export function handlersCheck(app: DoctorAnswer | undefined, subscribed: readonly string[]): Check {
  if (!app) return skipped(NAME, `the response of the app does not list its handlers: a proxy may drop the header`);
  const { handles, isHeard, hasWorkers } = app;
  if (!hasWorkers) return receiverCheck(app);
  const patterns = handles as readonly GeminiEventPattern[];
  const unhandled = subscribed.filter((type) => !matchesPattern(catalogueType(type) ?? type, patterns));
  const listening = isHeard ? ', and GeminiEventBus has listeners' : '';
  if (handles.length === 0 && !isHeard) {
    return failed(
      NAME,
      'verified, but not handled: the app has no method with @OnGeminiEvent',
      'Put @OnGeminiEvent on a method of a provider, and list the class in the providers of a module.',
    );
  }
  if (unhandled.length > 0 && !isHeard) {
    return failed(
      NAME,
      `the webhook subscribes to events without a handler: ${printable(unhandled.join(', '))}`,
      'Add a method with @OnGeminiEvent for each, or remove them from the events of the webhook',
    );
  }
  return passed(
    NAME,
    `${handles.length > 0 ? `methods handle ${printable(handles.join(', '))}` : 'no method handles events'}${listening}`,
  );
}

function receiverCheck({ handles, hasOtherWorkers }: DoctorAnswer): Check {
  const own = handles.length > 0 ? `, so its methods for ${printable(handles.join(', '))} do not run` : '';
  const found = `this process only receives (workers: false)${own}`;
  if (hasOtherWorkers === false) {
    return failed(
      NAME,
      `${found}, and no worker serves its inbox: events are stored, but no handler runs`,
      'Start a process with the same store and queueName, and without workers: false.',
    );
  }
  const others = hasOtherWorkers
    ? 'Another process is a worker, but its handlers are not known here'
    : 'Its log says if no other process runs the handlers';
  return skipped(NAME, `${found}. ${others}`);
}
