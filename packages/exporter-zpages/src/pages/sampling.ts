import { counted, share } from '../figures.ts';
import { type Html, html } from '../html.ts';
import type { Page } from '../page.ts';
import type { Site } from '../site.ts';

/** Which traces are recorded for the exporters; with `allowConfigChange`, a form to change it. */
export function samplingPage(site: Site, query: URLSearchParams): Page {
  site.intake.catchUp();
  const { source, intake, firstSampler, token } = site;
  const sampler = source.sampling.read();
  const { sampledRoots, unsampledRoots } = intake.seen;
  return {
    title: 'Sampling',
    section: 'traceconfigz',
    main: () => html`
<div class="head"><h1>Sampling</h1><p class="quiet">Which traces the exporters get; these pages see the others too</p></div>
${
  query.get('changed') === null
    ? null
    : html`
<p class="verdict good" role="status">Changed for all traces that begin from now on.</p>`
}
${
  query.get('wrong') === null
    ? null
    : html`
<p class="verdict bad" role="alert">Nothing was changed: a probability is a number from 0 to 1, a rate one from 0.</p>`
}
<section class="card"><dl class="figures"><div><dt>sampler</dt><dd><code>${sampler.description}</code></dd></div>
<div class="good"><dt>sampled</dt><dd>${share(sampledRoots, sampledRoots + unsampledRoots)}</dd></div><div><dt>of</dt>
<dd>${counted(sampledRoots + unsampledRoots, 'trace')}</dd></div></dl>
${
  sampler === firstSampler
    ? null
    : html`
<p class="quiet">The application began with <code>${firstSampler.description}</code>.</p>`
}
<p class="quiet">It decides for roots. Below a root, and below a parent in another process, the parent's decision is kept, unless a span brings a sampler of its own.</p></section>
${
  token === undefined
    ? html`<div class="empty"><p><b>It can be seen here, and not changed.</b></p>
<p><code>zpages({ allowConfigChange: true })</code> shows a form.</p></div>`
    : formOf(token)
}`,
    json: () => ({
      sampler: sampler.description,
      initial: firstSampler.description,
      sampledTraces: sampledRoots,
      unsampledTraces: unsampledRoots,
      canBeChanged: token !== undefined,
    }),
  };
}

function formOf(token: string): Html {
  return html`<form class="card form" method="post" action="traceconfigz"><h2>Change it</h2>
<input type="hidden" name="token" value="${token}">
<fieldset><legend class="sr">Sampler</legend>
<label><input type="radio" name="sampler" value="always" checked> Every trace</label>
<label><input type="radio" name="sampler" value="never"> No trace</label>
<label><input type="radio" name="sampler" value="probability"> With probability 
<input class="short" name="samplingprobability" inputmode="decimal" placeholder="0.1"
  aria-label="Probability from 0 to 1"></label>
<label><input type="radio" name="sampler" value="rate"> About 
<input class="short" name="tracespersecond" inputmode="decimal" placeholder="5"
  aria-label="Traces a second"> traces a second</label>
</fieldset>
<p class="actions"><button class="button primary" name="change" value="permanently">Change</button>
<button class="button" name="change" value="restore_default">Back to what the application began with</button></p>
<p class="quiet">For this process, until it ends.</p></form>`;
}
