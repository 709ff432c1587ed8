/** Tables, cards, tags: what pages are made of. */
export const CONTENT: string = `
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow);
  padding: 16px; }
.note { padding: 8px 12px; border-radius: 7px; background: var(--raised); font-size: 13px; }
.note.bad, .verdict.bad { background: var(--bad-soft); }
.message { overflow-wrap: anywhere; white-space: pre-wrap; }
.note .message { display: block; }
p.note .message { display: inline; }
.verdict { padding: 10px 14px; border-radius: 8px; font-size: 14px; }
.verdict::before { content: ""; display: inline-block; width: 9px; height: 9px; margin-right: 10px;
  border-radius: 50%; background: currentColor; }
.verdict.good { background: var(--good-soft); } .verdict.good::before { color: var(--good); }
.verdict.warn { background: var(--warn-soft); } .verdict.warn::before { color: var(--warn); }
.verdict.bad::before { color: var(--bad); }
.empty { padding: 36px 24px; border: 1px dashed var(--line-strong); border-radius: 10px; text-align: center;
  color: var(--quiet); }
.empty p { max-width: 62ch; margin: 0 auto; }
.empty p + p { margin-top: 6px; }
.empty b { color: var(--text); }
.empty .button { margin-top: 8px; }
.more { text-align: center; }

.bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 12px; }
.tabs ul { display: flex; flex-wrap: wrap; gap: 2px; padding: 3px; border-radius: 9px; background: var(--raised); }
.tabs a { display: block; padding: 4px 12px; border-radius: 7px; color: var(--quiet); font-size: 13px; }
.tabs a:hover { color: var(--text); }
.tabs a[aria-current] { background: var(--card); color: var(--text); font-weight: 600;
  box-shadow: 0 1px 2px rgb(0 0 0 / 8%); }
.count { color: var(--live); font-weight: 600; }
.search { display: flex; flex: 0 1 400px; gap: 8px; }
.search input[type=search] { flex: 1; min-width: 0; height: 34px; padding: 0 12px;
  border: 1px solid var(--line-strong); border-radius: 8px; background: var(--card); color: var(--text);
  font: inherit; }
.search input::placeholder { color: var(--quiet); opacity: 1; }
.scripted .search .button { display: none; }

.rows { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); font-size: 13.5px; }
.rows th, .rows td { padding: 7px 12px; text-align: left; vertical-align: middle;
  border-bottom: 1px solid var(--line); }
.rows tbody tr:last-child > * { border-bottom: 0; }
.rows thead th { padding: 8px 12px; color: var(--quiet); font-size: 12px; font-weight: 500; white-space: nowrap; }
.rows tbody th { font-weight: 500; }
.rows tbody tr { position: relative; transition: background-color 0.1s; }
.traces tbody tr:hover, .views tbody tr:hover { background: var(--raised); }
.rows tr.current { background: var(--accent-soft); }
.rows .num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.when { width: 84px; color: var(--quiet); font-variant-numeric: tabular-nums; white-space: nowrap; }
.traces { table-layout: fixed; }
.traces th:first-child { width: 92px; }
.traces th:nth-child(3) { width: 76px; }
.traces th:nth-child(4) { width: 108px; }
.traces th:nth-child(5) { width: 24%; }
.samples .traces th:nth-child(3) { width: 120px; }
.what { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.cover::after { content: ""; position: absolute; inset: 0; }
.cover:focus-visible { outline: none; }
.cover:focus-visible::after { outline: 2px solid var(--accent); outline-offset: -2px; border-radius: 6px; }
.cover code { font-size: 12.5px; }
.hint { margin-left: 10px; color: var(--quiet); font-size: 12.5px; }
.tag { display: inline-block; margin-left: 8px; padding: 0 7px; border-radius: 5px; background: var(--raised);
  color: var(--quiet); font-size: 11.5px; line-height: 18px; font-weight: 500; vertical-align: 1px;
  white-space: nowrap; }
.links .tag { margin-left: 0; }
.tag.bad { background: var(--bad-soft); color: var(--bad); }
.tag.live { background: var(--live-soft); color: var(--live); }
.tag.local { background: var(--warn-soft); color: var(--warn); }
.kind { display: inline-block; width: 9px; height: 9px; margin-right: 9px; border-radius: 3px;
  background: var(--internal); vertical-align: 0; position: relative; overflow: hidden; flex: none; }
.kind.k-bad { background: var(--bad); }
.kind.k-live { background: var(--live); }
.kind.k-server { background: var(--server); }
.kind.k-client { background: var(--client); }
.kind.k-producer { background: var(--producer); }
.kind.k-consumer { background: var(--consumer); }
.meter { display: block; fill: var(--bar-good); } .meter.bad { fill: var(--bad); } .meter.live { fill: var(--live); }
.rows tr.new { animation: arrive 1.6s ease-out; }
@keyframes arrive { from { background: var(--accent-soft); } }

.scroll { overflow-x: auto; }
.names th, .rpcs th { white-space: nowrap; }
.names tbody th { max-width: 34ch; overflow: hidden; text-overflow: ellipsis; }
.names td, .names thead th.num { padding-left: 8px; padding-right: 12px; }
.names td a { font-weight: 600; } .names td a:hover { text-decoration: underline; }
.zero { color: var(--quiet); }
.heat.good1 { background: color-mix(in srgb, var(--accent) 4%, transparent); }
.heat.good2 { background: color-mix(in srgb, var(--accent) 8%, transparent); }
.heat.good3 { background: color-mix(in srgb, var(--accent) 12%, transparent); }
.heat.good4 { background: color-mix(in srgb, var(--accent) 16%, transparent); }
.heat.bad1, .heat.bad2, .heat.bad3, .heat.bad4 { background: var(--bad-soft); }
.heat.live1, .heat.live2, .heat.live3, .heat.live4 { background: var(--live-soft); }
.heat.current { box-shadow: inset 0 0 0 2px var(--accent); }
.hint-line { font-size: 12.5px; }
.samples { padding-top: 12px; } .samples h2, section > h2.directory, .few h2, section > h2 { margin-bottom: 8px; }
.directory a { font-family: var(--mono); font-size: 13px; color: var(--quiet); }
.rpcs thead th[colspan] { text-align: center; border-left: 1px solid var(--line); }
.rpcs td:nth-child(3n + 2) { border-left: 1px solid var(--line); }
.views td:last-child, .views th:last-child { width: 144px; }
.views .what { max-width: 0; width: 45%; }

.pairs { width: 100%; border-collapse: collapse; font-size: 13px; table-layout: fixed; }
.pairs th { width: 38%; padding: 4px 12px 4px 0; color: var(--quiet); font-weight: 400; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
.pairs td { padding: 4px 0; vertical-align: top; overflow-wrap: anywhere; white-space: pre-wrap; }
.pairs tr + tr > * { border-top: 1px solid var(--line); }
.v-string { color: var(--text); }
.v-number, .v-boolean { font-family: var(--mono); font-size: 12.5px; color: var(--accent); }
.find:hover { text-decoration: underline; }
.figures { display: flex; flex-wrap: wrap; gap: 12px 34px; }
.figures dt { color: var(--quiet); font-size: 12.5px; }
.figures dd { font-size: 19px; line-height: 1.35; font-weight: 600; font-variant-numeric: tabular-nums;
  letter-spacing: -0.01em; }
.figures dd code { font-size: 15px; }
.figures .good dd { color: var(--good); }
.figures .bad dd { color: var(--bad); }
.figures .live dd { color: var(--live); }
.inline-facts { display: flex; flex-wrap: wrap; gap: 4px 8px; color: var(--quiet); font-size: 13px; }
.inline-facts li + li::before { content: "·"; margin-right: 8px; }
.facts { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; font-size: 13px;
  font-variant-numeric: tabular-nums; }
.facts b { font-size: 15px; } .facts .tag { margin-left: 0; }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px; }
.tiles li { position: relative; }
.tiles li:hover { border-color: var(--line-strong); }
.tiles b { display: block; font-size: 24px; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em;
  font-variant-numeric: tabular-nums; }
.tiles .quiet { display: block; font-size: 12.5px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; }
.two > * { min-width: 0; }
.few .traces th:nth-child(3), .few .traces td:nth-child(3), .two .traces th:nth-child(5),
  .two .traces td:nth-child(5) { display: none; }
.resource summary { cursor: pointer; font-weight: 600; } .resource table { margin-top: 10px; }
.exporter h2 { font-size: 16px; margin-bottom: 6px; }
.signals { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 20px 40px; }
.queue { display: flex; align-items: center; justify-content: space-between; gap: 12px; font-size: 12.5px;
  min-height: 24px; }
.signal > * + * { margin-top: 12px; }
.state { margin-left: 8px; padding: 0 8px; border-radius: 9px; font-size: 12px; line-height: 18px; font-weight: 500;
  display: inline-block; }
.state.good { background: var(--good-soft); color: var(--good); }
.state.warn { background: var(--warn-soft); color: var(--warn); }
.state.bad { background: var(--bad-soft); color: var(--bad); }
.state.idle { background: var(--raised); color: var(--quiet); }
.figures + p { margin-top: 12px; }
.form > * + * { margin-top: 12px; }
.form label { display: block; padding: 4px 0; }
.form input[type=radio] { margin: 0 8px 0 0; accent-color: var(--accent); }
.short { width: 7ch; height: 28px; margin: 0 4px; padding: 0 8px; border: 1px solid var(--line-strong);
  border-radius: 6px; background: var(--card); color: var(--text); font: inherit; }
.actions { display: flex; flex-wrap: wrap; gap: 10px; }

@media (max-width: 1000px) { .two { grid-template-columns: 1fr; } }
@media (max-width: 720px) {
  .rows .wide, .second { display: none; }
  .search { flex: 1 1 100%; }
  .tabs ul { flex-wrap: nowrap; overflow-x: auto; }
  .tabs { max-width: 100%; }
  .tabs a { white-space: nowrap; padding: 4px 10px; }
  .rows th, .rows td, .rows thead th { padding: 8px; }
  .traces .what { white-space: normal; overflow-wrap: anywhere; }
  .traces .hint { display: none; }
  .what .tag { margin: 2px 6px 0 18px; }
  .what .tag + .tag { margin-left: 0; }
  .traces th:first-child { width: 76px; } .traces th:nth-child(4) { width: 88px; }
  .samples .traces th:nth-child(3) { width: 92px; }
  .figures { gap: 10px 24px; }
  .tiles { grid-template-columns: 1fr 1fr; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
`;
