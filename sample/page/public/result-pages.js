/** @import { ResultRow } from '../page-api.js' */
import { send } from './api.js';
import { MOST_ROWS } from './page-state.js';

/*
 * Pages of a batch's result rows, newest first. Positions count up by one from zero; the app gives those after a position,
 * oldest first.
 */

/**
 * @param {string} batch
 * @param {number} total how many rows there are
 */
export async function newestRows(batch, total) {
  const rows = await rowsOf(batch, total - MOST_ROWS - 1, MOST_ROWS + 1);
  return rows.slice(-MOST_ROWS).toReversed();
}

/**
 * @param {string} batch
 * @param {number} position
 */
export async function rowsBefore(batch, position) {
  const rows = await rowsOf(batch, position - MOST_ROWS - 1, MOST_ROWS);
  return rows.filter((row) => row.position < position).toReversed();
}

/**
 * @param {string} batch
 * @param {number} position
 */
export async function rowsAfter(batch, position) {
  return (await rowsOf(batch, position, MOST_ROWS)).toReversed();
}

/**
 * @param {string} batch
 * @param {number} after none below zero
 * @param {number} limit
 */
async function rowsOf(batch, after, limit) {
  const query = new URLSearchParams({ limit: String(limit), ...(after < 0 ? {} : { after: String(after) }) });
  const rows = await send('GET', `/api/batches/${encodeURIComponent(batch)}/results?${query}`);
  return /** @type {readonly ResultRow[]} */ (rows);
}
