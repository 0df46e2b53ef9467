/*
 * A report is Markdown that a model wrote. What is common in one is shown as what it means, everything else as it stands;
 * it is built from text alone, so nothing in it can become markup.
 */

const HEADING = /^#{1,6}\s+(.*)$/;
const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBERED = /^\s*\d+[.)]\s+(.*)$/;
const MARKED = /(\*\*[^*]+\*\*|`[^`]+`)/;

/**
 * @param {string} report
 * @returns {readonly HTMLElement[]}
 */
export function reportElements(report) {
  /** @type {HTMLElement[]} */
  const elements = [];
  for (const block of report.split(/\n\s*\n/)) {
    for (const line of block.split('\n').filter((text) => text.trim() !== '')) addLine(elements, line);
    // The next block begins an element of its own.
    elements.push(document.createElement('hr'));
  }
  return elements.filter(({ localName }) => localName !== 'hr');
}

/**
 * @param {HTMLElement[]} elements
 * @param {string} line
 */
function addLine(elements, line) {
  const last = elements.at(-1);
  const heading = HEADING.exec(line);
  const item = BULLET.exec(line) ?? NUMBERED.exec(line);
  if (heading !== null) {
    elements.push(withText('h4', heading[1] ?? ''));
  } else if (item !== null) {
    const name = BULLET.test(line) ? 'ul' : 'ol';
    const list = last?.localName === name ? last : document.createElement(name);
    list.append(withText('li', item[1] ?? ''));
    if (list !== last) elements.push(list);
  } else if (last?.localName === 'p') {
    last.append(' ', ...inline(line.trim()));
  } else {
    elements.push(withText('p', line.trim()));
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function withText(name, text) {
  const element = document.createElement(name);
  element.append(...inline(text));
  return element;
}

/** @param {string} text */
function inline(text) {
  return text
    .split(MARKED)
    .filter((piece) => piece !== '')
    .map((piece) => {
      if (!MARKED.test(piece)) return document.createTextNode(piece);
      const isStrong = piece.startsWith('**');
      const element = document.createElement(isStrong ? 'strong' : 'code');
      element.textContent = piece.slice(isStrong ? 2 : 1, isStrong ? -2 : -1);
      return element;
    });
}
