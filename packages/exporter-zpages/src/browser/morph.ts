/**
 * Makes one element like another with as few changes as possible, so that what did not change keeps its focus, its scroll
 * position and its selection. Children with a `data-key` are known by it, others by their place.
 */
export function morph(from: Element, to: Element): void {
  const keyOf = (node: Node): string => (node instanceof Element && node.getAttribute('data-key')) || '';

  function same(a: Node, b: Node): boolean {
    return a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  }

  function attributes(a: Element, b: Element): void {
    for (const { name } of Array.from(a.attributes)) {
      // Opened and closed by the reader.
      if (!b.hasAttribute(name) && !(name === 'open' && a.nodeName === 'DETAILS')) a.removeAttribute(name);
    }
    for (const { name, value } of Array.from(b.attributes)) {
      if (a.getAttribute(name) !== value) a.setAttribute(name, value);
    }
  }

  function node(a: Node, b: Node): void {
    if (!(a instanceof Element) || !(b instanceof Element)) {
      if (a.nodeValue !== b.nodeValue) a.nodeValue = b.nodeValue;
      return;
    }
    if (a.hasAttribute('data-keep') || (a === document.activeElement && a instanceof HTMLInputElement)) return;
    // What a reader has filled in and not sent yet.
    if (a instanceof HTMLFormElement && a.method === 'post') return;
    attributes(a, b);
    children(a, b);
  }

  function children(a: Element, b: Element): void {
    const keyed = new Map<string, Node>();
    for (const child of Array.from(a.childNodes)) if (keyOf(child)) keyed.set(keyOf(child), child);
    let place: ChildNode | null = a.firstChild;
    for (const wanted of Array.from(b.childNodes)) {
      const key = keyOf(wanted);
      const known = key ? keyed.get(key) : undefined;
      if (known && known !== place && known.nodeName === wanted.nodeName) {
        a.insertBefore(known, place);
        node(known, wanted);
        continue;
      }
      const found = key ? place : firstLike(place, wanted);
      if (found && same(found, wanted)) {
        while (place && place !== found) place = removed(place);
        place = found.nextSibling;
        node(found, wanted);
      } else {
        const added = document.importNode(wanted, true);
        if (key && added instanceof Element && keyed.size > 0) added.classList.add('new');
        a.insertBefore(added, place);
      }
    }
    while (place) place = removed(place);
  }

  /** The next of its kind among those without a key; those before it are not wanted any more. */
  function firstLike(place: ChildNode | null, wanted: Node): ChildNode | null {
    let next = place;
    while (next && !same(next, wanted)) {
      if (keyOf(next)) return null;
      next = next.nextSibling;
    }
    return next;
  }

  function removed(child: ChildNode): ChildNode | null {
    const next = child.nextSibling;
    child.remove();
    return next;
  }

  node(from, to);
}
