/** @import { DeliveryScheme } from '../page-api.js' */
import { setText } from './parts.js';
import { SCHEME_WORDS } from './wording.js';

/**
 * Shows what vouched for an event, or no badge at all.
 *
 * @param {HTMLElement} badge
 * @param {DeliveryScheme | null} scheme
 */
export function showScheme(badge, scheme) {
  badge.hidden = scheme === null;
  if (scheme === null) return;
  badge.dataset['scheme'] = scheme;
  badge.title = SCHEME_WORDS[scheme];
  setText(badge, scheme);
}

/**
 * Explains the badges.
 *
 * @param {HTMLElement} list a `<dl>`
 */
export function fillLegend(list) {
  for (const [scheme, words] of Object.entries(SCHEME_WORDS)) {
    const term = document.createElement('dt');
    const badge = document.createElement('span');
    badge.className = 'badge';
    showScheme(badge, /** @type {DeliveryScheme} */ (scheme));
    term.append(badge);
    const meaning = document.createElement('dd');
    meaning.textContent = words;
    list.append(term, meaning);
  }
}
