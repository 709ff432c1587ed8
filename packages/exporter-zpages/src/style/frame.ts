/** Colours, type, and what is around each page. */
export const FRAME: string = `
:root {
  color-scheme: light dark;
  --page: #f7f7f5; --card: #ffffff; --raised: #f1f1ee; --line: #e3e3de; --line-strong: #cfcfc8;
  --text: #1c1d21; --quiet: #62656e; --accent: #4a50d3; --accent-soft: #ecedfb;
  --good: #1f7a4d; --good-soft: #e4f3ea; --warn: #8a5a00; --warn-soft: #fbf0d9; --bad: #c22f3d; --bad-soft: #fbe9ea;
    --live: #0b6bb8; --live-soft: #e3f0fa;
  --server: #5b62e0; --client: #0e8f8a; --producer: #a04fc0; --consumer: #c07a12; --internal: #7d828f;
  --on-bar: #ffffff; --bar-good: #a9acee; --shadow: 0 1px 2px rgb(20 20 30 / 5%);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131417; --card: #1b1c20; --raised: #24262b; --line: #2c2e34; --line-strong: #41444c;
    --text: #e7e8eb; --quiet: #a0a4ae; --accent: #a3a8ff; --accent-soft: #262847;
    --good: #63c893; --good-soft: #16301f; --warn: #e5b457; --warn-soft: #33270f; --bad: #ff8088;
      --bad-soft: #3a1a1e; --live: #6cb8f5; --live-soft: #14293c;
    --server: #8289f7; --client: #38b8b0; --producer: #c78be0; --consumer: #e0a445; --internal: #8d93a1;
    --on-bar: #131417; --bar-good: #5257a8; --shadow: none;
  }
}
* { box-sizing: border-box; }
html { font: 14px/1.5 var(--sans); color: var(--text); background: var(--page); -webkit-text-size-adjust: 100%;
  scroll-padding-top: 64px; overflow-y: scroll; }
body { margin: 0; min-height: 100vh; }
h1, h2, h3, p, ul, ol, dl, dd, figure, table, fieldset { margin: 0; padding: 0; border: 0; }
ul, ol { list-style: none; }
h1 { font-size: 20px; line-height: 1.3; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 14px; font-weight: 600; }
h3 { font-size: 13px; font-weight: 600; }
a { color: inherit; text-decoration: none; }
a:hover { color: var(--accent); }
p a, .empty a:not(.button), td a:not(.cover):hover, .links a { color: var(--accent); }
p a, .links a { text-decoration: underline; text-decoration-color: var(--line-strong); text-underline-offset: 2px; }
b { font-weight: 600; }
code, pre { font-family: var(--mono); font-size: 12.5px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.quiet { color: var(--quiet); font-weight: 400; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 16px; top: 10px; z-index: 10; padding: 4px 10px; background: var(--card); }

.top { position: sticky; top: 0; z-index: 5; display: flex; align-items: center; gap: 24px; height: 52px;
  padding: 0 24px; background: var(--card); border-bottom: 1px solid var(--line); }
.brand { display: flex; align-items: center; gap: 9px; min-width: 0; font-weight: 650; }
.brand span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 22ch; }
.logo { flex: none; fill: var(--accent); }
.sections { flex: 1; min-width: 0; height: 100%; overflow-x: auto; scrollbar-width: none; }
.sections ul { display: flex; height: 100%; gap: 4px; }
.sections a { display: flex; align-items: center; gap: 6px; height: 100%; padding: 0 10px; color: var(--quiet);
  border-bottom: 2px solid transparent; border-top: 2px solid transparent; white-space: nowrap; }
.sections a:hover { color: var(--text); }
.sections a[aria-current] { color: var(--text); font-weight: 600; border-bottom-color: var(--accent); }
.sections a:focus-visible { outline-offset: -3px; }
.badge { min-width: 18px; padding: 0 5px; border-radius: 9px; font-size: 11.5px; line-height: 18px; font-weight: 600;
  text-align: center; }
.badge.bad { background: var(--bad); color: var(--card); }
.pulse { display: none; flex: none; align-items: center; gap: 7px; min-width: 92px; height: 30px; padding: 0 12px;
  border: 1px solid var(--line); border-radius: 15px; background: transparent; color: var(--quiet); font: inherit;
  font-size: 13px; cursor: pointer; }
.scripted .pulse { display: inline-flex; }
.pulse:hover { border-color: var(--line-strong); color: var(--text); }
.pulse::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--line-strong); }
.pulse[data-state=live]::before { background: var(--good); }
.pulse[data-state=lost]::before { background: var(--bad); }

main { max-width: 1480px; margin: 0 auto; padding: 24px 24px 64px; }
main > * + * { margin-top: 16px; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; }
.crumbs { display: flex; flex-wrap: wrap; align-items: center; gap: 7px; color: var(--quiet); font-size: 13px; }
.crumbs a:hover { color: var(--accent); text-decoration: underline; }
.crumbs + .head { margin-top: 6px; }
.crumbs code { overflow-wrap: anywhere; }
.copy { display: none; padding: 0 7px; border: 1px solid var(--line); border-radius: 5px; background: var(--card);
  color: var(--quiet); font: inherit; font-size: 12px; cursor: pointer; }
.scripted .copy { display: inline-block; }
.button { display: inline-block; padding: 5px 14px; border: 1px solid var(--line-strong); border-radius: 7px;
  background: var(--card); color: var(--text); font: inherit; cursor: pointer; }
.button:hover { border-color: var(--accent); color: var(--accent); }
.button.primary { background: var(--accent); border-color: var(--accent); color: var(--card); }
.button.primary:hover { filter: brightness(1.08); }
dialog { margin: auto; padding: 22px 28px; border: 1px solid var(--line-strong); border-radius: 12px;
  background: var(--card); color: var(--text); box-shadow: 0 20px 60px rgb(0 0 0 / 25%); }
dialog::backdrop { background: rgb(0 0 0 / 30%); }
dialog dl { display: grid; grid-template-columns: auto 1fr; gap: 7px 20px; }
dialog dt { font-family: var(--mono); font-size: 12.5px; }

@media (max-width: 720px) {
  .top { flex-wrap: wrap; height: auto; gap: 0 12px; padding: 8px 14px 0; }
  .brand { flex: 1; }
  .sections { order: 3; flex: 0 0 calc(100% + 28px); margin: 0 -14px; padding: 0 6px; height: 40px; }
  .pulse { height: 28px; }
  main { padding: 16px 14px 48px; }
  html { scroll-padding-top: 96px; }
}
`;
