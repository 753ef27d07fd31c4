// The one door through which HTML enters the page: sanitized, then merged into what is there, so
// that a growing answer keeps its selection, its focus and its scroll positions.
import DOMPurify from 'dompurify';
import { isSafeLink } from './render';

const html =
  'a blockquote br button code del div em figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre s ' +
  'span strong table tbody td th thead tr ul';
const svg = 'svg path line g rect';
const mathMl =
  'math annotation semantics menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom ' +
  'mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover';
const attributes =
  'accent accentunder align aria-hidden aria-label class columnalign columnspacing d display ' +
  'displaystyle encoding fence height href lspace mathbackground mathcolor mathsize mathvariant ' +
  'maxsize minsize notation preserveaspectratio rel role rowspacing rspace scriptlevel separator ' +
  'start stretchy style symmetric target title type viewbox width x x1 x2 xmlns y y1 y2';

const purify = DOMPurify(window);

purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.nodeName !== 'A') return;
  if (!isSafeLink(node.getAttribute('href') ?? '')) {
    node.removeAttribute('href');
    return;
  }
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer nofollow');
});

export function sanitize(dirty: string): DocumentFragment {
  return purify.sanitize(dirty, {
    ALLOWED_TAGS: `${html} ${svg} ${mathMl} #text`.split(' '),
    ALLOWED_ATTR: attributes.split(' '),
    ALLOW_DATA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

// Makes the children of `target` equal to those of `source`, touching only what differs.
export function merge(target: Node, source: Node): void {
  let existing = target.firstChild;
  let wanted = source.firstChild;
  while (wanted) {
    const next = wanted.nextSibling;
    if (!existing) {
      target.appendChild(wanted);
    } else {
      const following = existing.nextSibling;
      mergeNode(existing as ChildNode, wanted);
      existing = following;
    }
    wanted = next;
  }
  while (existing) {
    const following = existing.nextSibling;
    existing.remove();
    existing = following;
  }
}

function mergeNode(existing: ChildNode, wanted: ChildNode): void {
  if (existing.isEqualNode(wanted)) return;
  if (existing instanceof Element && wanted instanceof Element) {
    if (existing.tagName === wanted.tagName && existing.namespaceURI === wanted.namespaceURI) {
      for (const { name } of Array.from(existing.attributes)) {
        if (!wanted.hasAttribute(name)) existing.removeAttribute(name);
      }
      for (const { name, value } of Array.from(wanted.attributes)) {
        if (existing.getAttribute(name) !== value) existing.setAttribute(name, value);
      }
      merge(existing, wanted);
      return;
    }
  } else if (existing.nodeType === wanted.nodeType && existing.nodeType === Node.TEXT_NODE) {
    existing.nodeValue = wanted.nodeValue;
    return;
  }
  existing.replaceWith(wanted);
}
