'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const picture = document.getElementById('picture');
  const view = document.getElementById('view');
  const panel = document.getElementById('panel');
  const nodes = [...picture.querySelectorAll('.n')];
  const edges = [...picture.querySelectorAll('.e')];
  const hidden = new Set();
  // Where the picture stands on the screen: a point p of it is at p * scale + (x, y).
  let scale = 1, x = 0, y = 0;
  const NEAR = 1.5, SCALE_MIN = 0.05, SCALE_MAX = 8;

  function show() {
    view.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
    picture.classList.toggle('near', scale >= NEAR);
  }
  function zoom(by, cx = innerWidth / 2, cy = innerHeight / 2) {
    const next = Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale * by));
    x = cx - (cx - x) * next / scale;
    y = cy - (cy - y) * next / scale;
    scale = next;
    show();
  }
  function fit() {
    const [left, top, right, bottom] = data.bounds;
    const side = innerWidth > 760 ? 242 : 16, margin = 24;
    const width = innerWidth - side - 70, height = innerHeight - 2 * margin;
    scale = Math.max(SCALE_MIN, Math.min(1.4, width / (right - left), height / (bottom - top)));
    x = side + (width - (right - left) * scale) / 2 - left * scale;
    y = margin + (height - (bottom - top) * scale) / 2 - top * scale;
    show();
  }
  function center(node) {
    x = innerWidth / 2 - node.x * scale;
    y = innerHeight / 2 - node.y * scale;
    show();
  }

  // All text of the database goes through this: as text, never as markup.
  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }
  function button(kind, other, act) {
    const made = element('button', undefined, 'link');
    made.type = 'button';
    made.append(element('em', kind + ' '), other);
    made.addEventListener('click', act);
    return made;
  }
  function fill(title, labels, properties) {
    const close = element('button', '×', 'close');
    close.type = 'button';
    close.title = 'Close (Esc)';
    close.addEventListener('click', clear);
    const tags = element('div', undefined, 'labels');
    labels.forEach(label => tags.append(element('span', label)));
    const list = element('dl');
    properties.forEach(([key, value]) => list.append(element('dt', key), element('dd', value)));
    panel.replaceChildren(close, element('h2', title), tags, list);
    panel.hidden = false;
  }
  function light(nodeSet, edgeSet, picked) {
    picture.classList.add('focus');
    nodes.forEach((n, i) => { n.classList.toggle('on', nodeSet.has(i)); n.classList.toggle('picked', i === picked); });
    edges.forEach((e, i) => e.classList.toggle('on', edgeSet.has(i)));
  }
  function clear() {
    picture.classList.remove('focus');
    [...nodes, ...edges].forEach(one => one.classList.remove('on', 'picked'));
    panel.hidden = true;
    panel.replaceChildren();
  }
  function pickNode(at) {
    const node = data.nodes[at], near = new Set([at]), lines = new Set();
    const links = [];
    data.edges.forEach((edge, i) => {
      if (edge.from !== at && edge.to !== at) return;
      const other = edge.from === at ? edge.to : edge.from;
      near.add(other);
      lines.add(i);
      const kind = edge.from === at ? `${edge.type} →` : `← ${edge.type}`;
      links.push(button(kind, data.nodes[other].caption, () => pickNode(other)));
    });
    fill(node.caption, node.labels, [...node.properties, ['node id', String(node.id)]]);
    if (links.length) panel.append(element('h3', `${links.length} relationship${links.length > 1 ? 's' : ''}`), ...links);
    light(near, lines, at);
  }
  function pickEdge(at) {
    const edge = data.edges[at];
    fill(edge.type, ['relationship'], [...edge.properties, ['relationship id', String(edge.id)]]);
    panel.append(button('from', data.nodes[edge.from].caption, () => pickNode(edge.from)),
      button('to', data.nodes[edge.to].caption, () => pickNode(edge.to)));
    light(new Set([edge.from, edge.to]), new Set([at]), -1);
  }

  // One finger or the mouse drags, two fingers zoom; a press that did not move picks.
  const fingers = new Map();
  let travelled = 0;
  picture.addEventListener('pointerdown', event => {
    fingers.set(event.pointerId, event);
    travelled = 0;
  });
  addEventListener('pointermove', event => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const [other] = [...fingers.values()].filter(finger => finger.pointerId !== event.pointerId);
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    travelled += Math.abs(dx) + Math.abs(dy);
    if (other) {
      const span = finger => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
      zoom(span(event) / Math.max(1, span(before)), other.clientX, other.clientY);
    } else {
      x += dx;
      y += dy;
      picture.classList.toggle('moving', travelled > 4);
      show();
    }
    fingers.set(event.pointerId, event);
  });
  for (const end of ['pointerup', 'pointercancel']) {
    addEventListener(end, event => {
      fingers.delete(event.pointerId);
      picture.classList.remove('moving');
    });
  }
  picture.addEventListener('click', event => {
    if (travelled > 4) return;
    const node = event.target.closest('.n'), edge = event.target.closest('.e');
    if (node) pickNode(Number(node.dataset.i));
    else if (edge) pickEdge(Number(edge.dataset.i));
    else clear();
  });
  picture.addEventListener('wheel', event => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY);
  }, { passive: false });
  document.getElementById('in').addEventListener('click', () => zoom(1.4));
  document.getElementById('out').addEventListener('click', () => zoom(1 / 1.4));
  document.getElementById('all').addEventListener('click', fit);
  addEventListener('resize', fit);

  const find = document.getElementById('find');
  find.addEventListener('input', () => {
    const wanted = find.value.trim().toLowerCase();
    if (!wanted) return clear();
    const fits = node => [node.caption, ...node.labels, ...node.properties.map(pair => pair[1])]
      .some(text => text.toLowerCase().includes(wanted));
    const found = new Set(data.nodes.flatMap((node, i) => fits(node) ? [i] : []));
    panel.hidden = true;
    light(found, new Set(), -1);
  });
  find.addEventListener('keydown', event => {
    if (event.key !== 'Enter') return;
    const first = nodes.findIndex(node => node.classList.contains('on') && !node.classList.contains('off'));
    if (first >= 0 && find.value.trim()) { pickNode(first); center(data.nodes[first]); }
  });
  addEventListener('keydown', event => {
    if (event.key === 'Escape') { find.value = ''; clear(); }
    if (event.target === find) return;
    if (event.key === '+' || event.key === '=') zoom(1.4);
    if (event.key === '-') zoom(1 / 1.4);
    if (event.key === '0') fit();
  });
  document.getElementById('legend').addEventListener('click', event => {
    const entry = event.target.closest('button');
    if (!entry) return;
    const kind = Number(entry.dataset.class);
    const wasHidden = hidden.delete(kind);
    if (!wasHidden) hidden.add(kind);
    entry.setAttribute('aria-pressed', String(wasHidden));
    const isOff = i => hidden.has(data.nodes[i].class);
    nodes.forEach((node, i) => node.classList.toggle('off', isOff(i)));
    edges.forEach((edge, i) => edge.classList.toggle('off', isOff(data.edges[i].from) || isOff(data.edges[i].to)));
  });
  fit();
})();
