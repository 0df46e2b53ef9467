/** @typedef {(name: string) => HTMLElement} Part finds an element by its `data-part` */

/**
 * A copy of the first element of a `<template>` of the page, and a way to find its parts.
 *
 * @param {string} templateId
 */
export function fromTemplate(templateId) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(templateId));
  const root = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  return { root, part: partsOf(root) };
}

/**
 * Finds parts below an element; one that is not there is a mistake in the page, and said so.
 *
 * @param {ParentNode} root
 * @returns {Part}
 */
export function partsOf(root) {
  return (name) => {
    const found = root.querySelector(`[data-part="${name}"]`);
    if (found === null) throw new Error(`The page has no part "${name}".`);
    return /** @type {HTMLElement} */ (found);
  };
}

/**
 * Sets text only where it differs, so that a selection in it survives.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Sets a name like `interaction.requires_action` so that a line can break after a dot or an underscore of it.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setName(element, text) {
  if (element.textContent === text) return;
  const pieces = text.split(/(?<=[._])(?=\w)/);
  element.replaceChildren(
    ...pieces.flatMap((piece, index) => (index === 0 ? [piece] : [document.createElement('wbr'), piece])),
  );
}

/**
 * Sets an attribute only where it differs; null removes it.
 *
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @param {Element} use a `<use>` of the page
 * @param {string} name of a symbol
 */
export function setIcon(use, name) {
  setAttribute(use, 'href', `#icon-${name}`);
}

/**
 * The text of a part, or none of the part at all.
 *
 * @param {HTMLElement} element
 * @param {string | null} text
 */
export function setTextOrHide(element, text) {
  setText(element, text ?? '');
  element.hidden = text === null;
}
