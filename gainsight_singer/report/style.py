"""How the page looks: in light and in dark, on a screen and on a phone."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfbfa; --card: #ffffff; --ink: #1d2126; --faint: #646d78; --line: #dfe3e8;
  --accent: #2463c4; --wait: #d99a1c; --ahead: #b9c3d0; --good: #1c7c4a; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --card: #1c2127; --ink: #e7eaee; --faint: #9aa5b1; --line: #323a44;
    --accent: #6ea3f5; --wait: #e0ad45; --ahead: #55606d; --good: #5cc48d; --bad: #f28b82;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 60rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
p { margin: .25rem 0; overflow-wrap: anywhere; }
.faint, figcaption, dt { color: var(--faint); font-size: .875rem; }
.good { color: var(--good); }
.bad { color: var(--bad); }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  margin-top: 1rem; padding: 1rem;
}
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem;
  margin: 1rem 0 0; }
dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--faint); font-weight: 500; font-size: .875rem; }
td.name { overflow-wrap: anywhere; min-width: 8rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
figure { margin: 0; }
svg { display: block; width: 100%; height: 11rem; }
svg .area { fill: var(--accent); opacity: .18; }
svg .edge { fill: none; stroke: var(--accent); stroke-width: 2; }
.axis { display: flex; justify-content: space-between; color: var(--faint); font-size: .875rem; }
.bar { position: relative; height: .8rem; border-radius: .4rem; background: var(--line);
  overflow: hidden; margin: .2rem 0 .8rem; }
.bar i { position: absolute; top: 0; bottom: 0; min-width: 2px; background: var(--accent); }
.bar i.wait, .key i.wait { background: var(--wait); }
.bar i.ahead, .key i.ahead { background: var(--ahead); }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-size: .875rem;
  margin-bottom: .75rem; }
.key i { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem;
  background: var(--accent); margin-right: .35rem; }
"""
