/** Keys for those who do not want to reach for the mouse. */
export function keyboard(): void {
  const KEYS: readonly (readonly [string, string])[] = [
    ['j / k', 'next, previous row'],
    ['Enter', 'open it'],
    ['/', 'search'],
    ['Space', 'live updates on and off'],
    ['g then o t s r e c', 'Overview, Traces, Stats, RPCs, Exporters, Sampling'],
    ['u', 'up to the list'],
    ['?', 'these keys'],
  ];
  const PAGES: Readonly<Record<string, string>> = {
    o: './',
    t: 'tracez',
    s: 'statsz',
    r: 'rpcz',
    e: 'exporterz',
    c: 'traceconfigz',
  };
  let before = '';

  function move(step: number): void {
    const spans = Array.from(document.querySelectorAll<HTMLElement>('a[data-span]'));
    const links = spans.length > 0 ? spans : Array.from(document.querySelectorAll<HTMLElement>('[data-rows] a.cover'));
    const focused = links.indexOf(document.activeElement as HTMLElement);
    const from = focused >= 0 ? focused : links.findIndex((link) => link.getAttribute('aria-current') === 'true');
    const next = links[Math.max(0, Math.min(links.length - 1, from + step))];
    next?.focus();
    if (spans.length > 0) next?.click();
  }

  function help(): void {
    const place = document.getElementById('keys');
    if (!place) return;
    const dialog = document.createElement('dialog');
    dialog.setAttribute('aria-label', 'Keys');
    const list = document.createElement('dl');
    for (const [key, what] of KEYS) {
      const name = document.createElement('dt');
      name.textContent = key;
      const text = document.createElement('dd');
      text.textContent = what;
      list.append(name, text);
    }
    dialog.append(list);
    dialog.addEventListener('close', () => dialog.remove());
    dialog.addEventListener('click', () => dialog.close());
    place.replaceChildren(dialog);
    dialog.showModal();
  }

  document.addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches('input, textarea, select')) {
      if (key === 'Escape') target.blur();
      return;
    }
    const page = before === 'g' ? PAGES[key] : undefined;
    before = key;
    if (page !== undefined) {
      location.href = page;
      return;
    }
    const isArrow = key === 'ArrowDown' || key === 'ArrowUp';
    const isOnSpan = target.matches('a[data-span]');
    if (key === 'j' || (isArrow && isOnSpan && key === 'ArrowDown')) move(1);
    else if (key === 'k' || (isArrow && isOnSpan)) move(-1);
    else if (key === '/') document.getElementById('q')?.focus();
    else if (key === '?') help();
    else if (key === 'u') document.querySelector<HTMLElement>('.crumbs a')?.click();
    else if (key === ' ' && target === document.body) document.getElementById('live')?.click();
    else return;
    event.preventDefault();
  });
}
