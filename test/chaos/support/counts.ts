/**
 * Size of a chaos test, such as its repetitions: the smaller one by default, and the larger one with `CHAOS=full`, as on the
 * main branch and every night.
 */
export function times<Size>(usual: Size, full: Size): Size {
  return process.env['CHAOS'] === 'full' ? full : usual;
}
