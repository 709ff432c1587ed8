/** Keeps the page up to date while it is looked at, and goes from span to span and from search to search without loading. */
export function liveUpdates(morph: (from: Element, to: Element) => void): void {
  const button = document.getElementById('live');
  let source: EventSource | undefined;
  let isWanted = true;
  let waiting: Element | undefined;
  const AIMING_MS = 1_500;
  let movedAt = Number.NEGATIVE_INFINITY;

  function parsed(markup: string): Element {
    return new DOMParser().parseFromString(markup, 'text/html').body;
  }

  function tell(state: string, text: string): void {
    if (!button) return;
    button.dataset.state = state;
    button.textContent = text;
    button.setAttribute('aria-pressed', String(isWanted));
  }

  /** A row must not move away from below a pointer that is about to press on it, nor a text that is being marked. */
  function isHeld(): boolean {
    const isOver = document.querySelector('[data-rows] tbody:hover, .scatter a:hover') !== null;
    return (isOver && performance.now() - movedAt < AIMING_MS) || getSelection()?.isCollapsed === false;
  }

  function show(body: Element): void {
    waiting = undefined;
    morph(document.body, body);
  }

  function connect(): void {
    source?.close();
    source = undefined;
    if (!isWanted || document.hidden) {
      tell(isWanted ? 'waiting' : 'paused', isWanted ? 'Live' : 'Paused');
      return;
    }
    const url = new URL(location.href);
    url.searchParams.set('format', 'events');
    const opened = new EventSource(url);
    source = opened;
    opened.onopen = () => tell('live', 'Live');
    opened.onerror = () => tell('lost', 'No answer');
    opened.onmessage = ({ data }) => {
      const body = parsed(String(data));
      if (!isHeld()) return show(body);
      waiting = body;
      setTimeout(release, AIMING_MS);
    };
  }

  function release(): void {
    if (waiting && !isHeld()) show(waiting);
  }

  /** Another state of this page: fetched, and put in place of the old one. */
  async function go(url: URL, isNew: boolean): Promise<void> {
    const response = await fetch(url, { headers: { accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    if (isNew) history.pushState(null, '', url);
    document.title = page.title;
    show(page.body);
    connect();
  }

  button?.addEventListener('click', () => {
    isWanted = !isWanted;
    connect();
  });
  document.addEventListener('visibilitychange', connect);
  document.addEventListener('pointermove', () => {
    movedAt = performance.now();
  });
  document.addEventListener('selectionchange', release);
  addEventListener('popstate', () => void go(new URL(location.href), false));

  document.addEventListener('click', (event) => {
    const target = event.target as Element;
    const copy = target.closest<HTMLElement>('[data-copy]');
    if (copy) {
      void navigator.clipboard.writeText(copy.dataset.copy ?? '').then(() => {
        copy.textContent = 'Copied';
      });
    }
    const link = target.closest<HTMLAnchorElement>('a[data-span]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    void go(new URL(link.href), true).then(() => {
      const panel = document.getElementById('span');
      if (panel && panel.getBoundingClientRect().top > innerHeight * 0.8) panel.scrollIntoView();
    });
  });

  let typing: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('input', (event) => {
    const field = event.target as HTMLInputElement;
    if (!field.matches('[data-live-search]')) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      const url = new URL(location.href);
      if (field.value) url.searchParams.set('q', field.value);
      else url.searchParams.delete('q');
      history.replaceState(null, '', url);
      void go(url, false);
    }, 250);
  });

  document.documentElement.classList.add('scripted');
  connect();
}
