/** Pictures of numbers. */
export const CHARTS: string = `
svg text { font-family: var(--sans); }
.scatter { padding: 14px 16px 8px; }
.scatter .scale { height: 100px; margin: -2px 0 0; min-width: 44px; }
.scatter svg { overflow: visible; }
.rule { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges; }
.bound { font-size: 11.5px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
.dot { fill: var(--accent); fill-opacity: 0.6; }
.dot.bad { fill: var(--bad); fill-opacity: 0.9; }
.dot.live { fill: var(--live); }
.scatter a:hover .dot { fill-opacity: 1; stroke: var(--text); stroke-width: 1.5; }
.charts { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; }
.charts > * { min-width: 0; }
.charts h2, .card > h2 { margin-bottom: 12px; }
.histogram { display: block; overflow: visible; }
.bucket { fill: var(--bar-good); }
.hit { fill: transparent; }
g:hover > .bucket { fill: var(--accent); }
.mark line { stroke: var(--text); stroke-width: 1; stroke-dasharray: 3 3; }
.mark text { font-size: 11.5px; font-weight: 600; fill: var(--text); }
.mark.q95 line { stroke: var(--consumer); } .mark.q95 text { fill: var(--warn); }
.mark.q99 line { stroke: var(--bad); } .mark.q99 text { fill: var(--bad); }
.chart { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 10px; }
.scale { display: flex; flex-direction: column; justify-content: space-between; height: 150px; margin: -8px 0;
  padding: 0; box-sizing: content-box; color: var(--quiet); font-size: 11.5px; text-align: right;
  font-variant-numeric: tabular-nums; }
.scale { height: 166px; }
.plot svg { display: block; }
.line { fill: none; stroke: var(--accent); stroke-width: 1.75; vector-effect: non-scaling-stroke;
  stroke-linejoin: round; }
.line.line-0 { stroke: var(--accent); } .line.line-1 { stroke: var(--client); }
.area { fill: var(--accent); fill-opacity: 0.12; }
.spark { display: block; } .spark .line { stroke-width: 1.5; }
.num .spark { margin-left: auto; }
.span-of-time { display: flex; justify-content: space-between; margin-top: 4px; font-size: 11.5px;
  font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 8px; font-size: 13px; color: var(--quiet); }
.legend b { color: var(--text); font-variant-numeric: tabular-nums; }
.swatch { display: inline-block; width: 12px; height: 3px; margin-right: 7px; border-radius: 2px;
  background: var(--accent); vertical-align: 4px; }
.swatch.line-1 { background: var(--client); }
.chart-empty { padding: 40px 0; text-align: center; }
.flow { display: block; border-radius: 3px; overflow: hidden; }
.flow .rest { fill: var(--raised); }
.flow .good { fill: var(--good); }
.flow .live { fill: var(--live); }
.flow .bad { fill: var(--bad); }
.reasons { max-width: 720px; }
@media (max-width: 1000px) { .charts { grid-template-columns: 1fr; } }
`;
