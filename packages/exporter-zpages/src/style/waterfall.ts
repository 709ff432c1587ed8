/** A trace: its spans on the left, the details of one on the right. */
export const WATERFALL: string = `
.split { display: grid; grid-template-columns: minmax(0, 1fr) 400px; align-items: start; gap: 16px; }
.waterfall { padding: 4px 0 6px; overflow: hidden; }
.span-row { display: grid; grid-template-columns: minmax(200px, 34%) minmax(0, 1fr); align-items: center; gap: 12px;
  padding: 0 16px 0 14px; }
.ruler { height: 32px; color: var(--quiet); font-size: 12px; border-bottom: 1px solid var(--line); margin-bottom: 4px; }
.ruler text { font-size: 11.5px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
.spans .span-row { height: 28px; border-left: 2px solid transparent; }
.spans .span-row:hover { background: var(--raised); color: inherit; }
.spans .span-row.selected { background: var(--accent-soft); border-left-color: var(--accent); }
.spans .span-row:focus-visible { outline-offset: -2px; }
.span-row .name { display: flex; align-items: center; min-width: 0; font-size: 13px; }
.span-row .text { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.span-row .hint { flex: none; margin-left: 8px; font-size: 12px; }
.ruler .name { font-size: 12px; }
.failed-mark { flex: none; margin-left: 8px; fill: none; stroke: var(--bad); stroke-width: 1.6; stroke-linecap: round; }
.time { display: block; overflow: visible; }
.tick { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges; }
.span-bar { fill: var(--internal); transition: x 0.9s linear, width 0.9s linear; }
.span-bar.k-server { fill: var(--server); }
.span-bar.k-client { fill: var(--client); }
.span-bar.k-producer { fill: var(--producer); }
.span-bar.k-consumer { fill: var(--consumer); }
.span-bar.bad { fill: var(--bad); }
.span-bar.running { fill: var(--live); }
.event { fill: var(--card); stroke: var(--text); stroke-width: 1.2; }
.figure { font-size: 11.5px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
.figure.on { fill: var(--on-bar); }
${Array.from({ length: 12 }, (_, at) => `.d${at + 1} { padding-left: ${(at + 1) * 14}px; }`).join(' ')}

.kinds { display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 10px 16px 6px; margin-top: 6px;
  border-top: 1px solid var(--line); font-size: 12px; }
.kinds .kind { margin-right: 6px; }
.kinds .sr { display: none; }

.panel { position: sticky; top: 68px; max-height: calc(100vh - 84px); overflow-y: auto; scroll-margin-top: 68px; }
.panel:focus { outline: none; }
.panel-head h2 { font-size: 15px; overflow-wrap: anywhere; }
.panel-head .facts { margin-top: 2px; color: var(--quiet); } .panel-head .facts b { color: var(--text); }
.panel h3 { margin: 18px 0 4px; color: var(--quiet); font-size: 12px; font-weight: 600; text-transform: uppercase;
  letter-spacing: 0.05em; }
.panel .note { margin-top: 10px; }
.panel .note.bad b { color: var(--bad); font-family: var(--mono); font-size: 12.5px; }
.events li { display: grid; grid-template-columns: 68px minmax(0, 1fr); gap: 12px; padding: 5px 0; font-size: 13px;
  overflow-wrap: anywhere; }
.events li + li { border-top: 1px solid var(--line); }
.events .at { color: var(--quiet); font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.events .bad { color: var(--bad); }
.events details { margin-top: 4px; } .events summary { cursor: pointer; color: var(--quiet); }
.events pre { margin: 6px 0 0; padding: 10px; overflow-x: auto; border-radius: 7px; background: var(--raised);
  font-size: 11.5px; line-height: 1.55; }
.links li { padding: 4px 0; font-size: 13px; }

@media (max-width: 1100px) {
  .split { grid-template-columns: minmax(0, 1fr); }
  .panel { position: static; max-height: none; scroll-margin-top: 68px; }
}
@media (max-width: 720px) {
  .ruler .name { display: none; } .ruler { grid-template-columns: 1fr; }
  .spans .span-row { grid-template-columns: minmax(0, 1fr); height: auto; gap: 0; padding-top: 6px;
    border-bottom: 1px solid var(--line); }
  .spans li:last-child .span-row { border-bottom: 0; }
  .panel { scroll-margin-top: 104px; }
}
`;
