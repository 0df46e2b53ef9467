/** @import { ResultRow } from '../page-api.js' */
import { fromTemplate, setText } from './parts.js';

/** A line of a batch's output as a row of the table. */
export function createResultRow() {
  const { root, part } = fromTemplate('result-row');

  /** @param {ResultRow} row */
  function update({ key, text, error }) {
    root.dataset['failed'] = String(error !== null);
    setText(part('key'), key);
    setText(part('answer'), error ?? text ?? '');
    part('answer').title = error ?? text ?? '';
  }
  return { element: root, update };
}
