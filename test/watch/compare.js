/**
 * Lists what differs between what we depend on and what a version of the SDK does, a readable line for each difference.
 * Lists of names are compared as sets, everything else by its place.
 */
export function changesBetween(expected, actual, place = '') {
  if (isNames(expected) && isNames(actual)) return changedNames(expected, actual, place);
  if (isObject(expected) && isObject(actual) && Array.isArray(expected) === Array.isArray(actual)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
    return keys.flatMap((key) => changesBetween(expected[key], actual[key], place === '' ? key : `${place} › ${key}`));
  }
  if (Object.is(expected, actual)) return [];
  if (expected === undefined) return [`${place}: is new: ${shown(actual)}`];
  if (actual === undefined) return [`${place}: is gone, was ${shown(expected)}`];
  return [`${place}: was ${shown(expected)}, is ${shown(actual)}`];
}

function changedNames(expected, actual, place) {
  const gone = expected.filter((name) => !actual.includes(name)).map((name) => `${place}: ${name} is gone`);
  const added = actual.filter((name) => !expected.includes(name)).map((name) => `${place}: ${name} is new`);
  return [...gone, ...added];
}

function isNames(value) {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

function shown(value) {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
