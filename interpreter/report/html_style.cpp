// The style sheet inside the HTML report.
#include "interpreter/report/html_parts.h"

namespace perilune::report {

namespace {

constexpr const char* colours = R"css(
:root { color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --text: #1a1f27; --soft: #596474; --line: #d9dee5;
  --track: #e9edf2; --good: #1a7f4b; --good-back: #e2f4ea; --bad: #b3261e; --bad-back: #fce8e6;
  --waits: #8a5a00; --waits-back: #fff2d4; --waits-bar: #e0a526; --runs: #1f5fbf;
  --runs-back: #e4eefc; --code: #eef1f5; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1b2129; --text: #e6eaf0; --soft: #9aa6b5; --line: #333d4a;
  --track: #2a323d; --good: #5ccb90; --good-back: #16352a; --bad: #ff8a80; --bad-back: #431c1b;
  --waits: #f2c25c; --waits-back: #3a2d10; --waits-bar: #b98518; --runs: #7fb2ff;
  --runs-back: #1b2f4d; --code: #262e39; } }
.tone-good { --tone: var(--good); --back: var(--good-back); --bar: var(--good); }
.tone-bad, .tone-doubt { --tone: var(--bad); --back: var(--bad-back); --bar: var(--bad); }
.tone-waits { --tone: var(--waits); --back: var(--waits-back); --bar: var(--waits-bar); }
.tone-runs { --tone: var(--runs); --back: var(--runs-back); --bar: var(--runs); }
.tone-muted { --tone: var(--soft); --back: var(--track); --bar: var(--soft); }
.tone-plain, .tone-strong { --tone: var(--text); --back: var(--track); --bar: var(--soft); }
)css";

constexpr const char* shapes = R"css(
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
section, footer { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1.1rem 1.25rem; margin-top: 1rem; }
code, .command { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace;
  font-size: .88em; }
.kind { margin: 0 0 .2rem; color: var(--soft); font-size: .85rem; }
.place { display: inline-block; font-size: .85rem; font-weight: 600; vertical-align: .25rem;
  border: 1px solid var(--line); border-radius: 1rem; padding: .05rem .7rem; margin-left: .35rem;
  background: var(--card); color: var(--soft); }
.summary { margin: .35rem 0 0; color: var(--soft); }
.banner { margin-top: 1rem; padding: .9rem 1.25rem; border-radius: .6rem; background: var(--back);
  border: 1px solid var(--tone); border-left-width: .5rem; overflow-wrap: anywhere; }
.banner strong { color: var(--tone); display: block; font-size: 1.25rem; line-height: 1.35; }
.banner.tone-doubt { border-style: dashed; border-left-style: solid; }
.banner p { margin: .5rem 0 0; white-space: pre-wrap; }
.banner .label { color: var(--soft); margin-right: .4rem; }
.commands { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
.commands li { display: flex; flex-wrap: wrap; gap: .25rem .9rem; align-items: baseline; }
.command { background: var(--code); border-radius: .35rem; padding: .3rem .6rem;
  overflow-wrap: anywhere; user-select: all; }
.soft, .where { color: var(--soft); }
.where { font-size: .82em; overflow-wrap: anywhere; }
.left { margin: 0; padding-left: 1.2rem; }
.left li { overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: .7rem 1.5rem; margin: 0; }
.facts div { min-width: 0; }
.facts dt { color: var(--soft); font-size: .82rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.objective + .objective { margin-top: 1.1rem; }
.objective p { margin: 0 0 .35rem; }
.objective .told { color: var(--tone); font-weight: 600; }
.objective.tone-muted .told { font-weight: 400; }
.gauge { position: relative; height: .9rem; border-radius: .45rem; background: var(--track); }
.gauge .used { position: absolute; inset: 0 auto 0 0; border-radius: .45rem;
  background: var(--bar); min-width: 4px; }
.gauge .limit { position: absolute; top: -.3rem; bottom: -.3rem; width: 3px; margin-left: -1.5px;
  background: var(--text); border-radius: 2px; }
.legend { display: flex; justify-content: space-between; color: var(--soft); font-size: .8rem;
  margin-top: .3rem; }
)css";

constexpr const char* drawing = R"css(
.rows { display: grid; gap: .3rem; }
.bar-row { display: grid; grid-template-columns: minmax(8rem, 17rem) 1fr 5.2rem; gap: .8rem;
  align-items: center; font-size: .88rem; }
.bar-row .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  padding-left: calc(var(--depth, 0) * .9rem); }
.bar-row .took { color: var(--soft); text-align: right; white-space: nowrap; font-size: .82rem; }
.track { position: relative; height: 1.05rem; background: var(--track); border-radius: .25rem;
  overflow: hidden; }
.bar { position: absolute; top: 0; bottom: 0; min-width: 3px; background: var(--bar);
  border-radius: .2rem; }
.bar.asked { background: repeating-linear-gradient(135deg, var(--bar) 0 5px, transparent 5px 9px);
  box-shadow: inset 0 0 0 1px var(--bar); }
.bar.open { border-radius: .2rem 0 0 .2rem; opacity: .75; }
.limit-line { position: absolute; top: 0; bottom: 0; width: 2px; background: var(--text);
  opacity: .55; }
.axis { position: relative; height: 1.3rem; font-size: .75rem; color: var(--soft); }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.axis span:first-child { transform: none; }
.axis span.last { transform: translateX(-100%); }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: .8rem 0 0; padding: 0;
  list-style: none; font-size: .8rem; color: var(--soft); }
.key i { display: inline-block; width: .9rem; height: .7rem; border-radius: .15rem;
  background: var(--bar); margin-right: .4rem; position: static; }
.key i.asked { background: repeating-linear-gradient(135deg, var(--bar) 0 4px, transparent 4px 7px);
  box-shadow: inset 0 0 0 1px var(--bar); }
)css";

constexpr const char* tables = R"css(
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; color: var(--soft); font-weight: 600; font-size: .8rem;
  white-space: nowrap; }
th, td { padding: .45rem .7rem .45rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
td, .story .said { white-space: pre-wrap; }
td time { color: var(--soft); white-space: nowrap; }
td.short { white-space: nowrap; }
td.wide { min-width: 12rem; }
.tag { display: inline-block; background: var(--back); color: var(--tone); font-weight: 600;
  border-radius: .3rem; padding: .02rem .45rem; font-size: .82rem; }
.tag.tone-doubt { outline: 1px dashed var(--tone); }
.step { color: var(--soft); font-size: .82rem; display: block; white-space: pre-wrap; }
.story { list-style: none; margin: 0; padding: 0; font-size: .9rem; }
.story > li { display: grid; grid-template-columns: 4.6rem minmax(0, 1fr) auto; gap: .1rem .8rem;
  padding: .32rem 0; border-top: 1px solid var(--line); }
.story > li:first-child { border-top: 0; }
.story .day { color: var(--soft); font-weight: 600; display: block; }
.story time { color: var(--soft); font-variant-numeric: tabular-nums; }
.story .what { padding-left: calc(var(--depth, 0) * 1.15rem); min-width: 0;
  overflow-wrap: anywhere; }
.story .mark { color: var(--tone); font-weight: 700; display: inline-block; min-width: 1.1em; }
.story .named { font-weight: 600; }
.story .loud { color: var(--tone); }
.story .took { color: var(--soft); white-space: nowrap; font-size: .82rem; }
.story dl { margin: .1rem 0 0 1.2em; display: grid; gap: .05rem; font-size: .92em; }
.story dl div { display: flex; flex-wrap: wrap; gap: 0 .5rem; }
.story dt { color: var(--soft); }
.story dt:not(:empty)::after { content: ":"; }
.story dt:empty { display: none; }
.story dd { margin: 0; min-width: 0; white-space: pre-wrap; overflow-wrap: anywhere;
  color: var(--tone); }
footer { color: var(--soft); font-size: .85rem; }
)css";

constexpr const char* media = R"css(
@media (max-width: 46rem) {
  main { padding: 1rem .75rem 2rem; }
  h1 { font-size: 1.4rem; }
  section, footer { padding: .9rem .9rem; }
  .bar-row { grid-template-columns: 1fr auto; gap: .1rem .6rem; margin-bottom: .35rem; }
  .bar-row .track, .bar-row .axis { grid-column: 1 / -1; grid-row: 2; }
  .bar-row .name { white-space: normal; }
  thead { position: absolute; left: -100vw; }
  table, tbody, tr, td { display: block; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; }
  td, td.short { border: 0; padding: .12rem 0; white-space: pre-wrap; }
  td:empty { display: none; }
  td[data-label]::before { content: attr(data-label) " "; color: var(--soft); font-size: .8rem;
    margin-right: .3rem; }
  .facts { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
  .story > li { grid-template-columns: minmax(0, 1fr) auto; }
  .story > li > time { font-size: .8rem; }
  .story > li > .took { grid-column: 2; grid-row: 1; }
  .story .what { grid-column: 1 / -1; padding-left: calc(var(--depth, 0) * .7rem); }
  .story dl { margin-left: .6em; }
}
@media print {
  :root { --page: #fff; --card: #fff; --text: #000; --soft: #444; --line: #bbb; --track: #eee;
    --good: #14613a; --good-back: #fff; --bad: #9b1c15; --bad-back: #fff; --waits: #6b4600;
    --waits-back: #fff; --waits-bar: #d19a1f; --runs: #174a95; --runs-back: #fff; --code: #f3f3f3; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  section, footer { break-inside: auto; border-radius: 0; padding: .6rem .8rem; }
  h2 { break-after: avoid; }
  tr, .story > li, .bar-row, .banner, .objective { break-inside: avoid; }
  .gauge, .gauge *, .track, .bar, .key i, .banner, .tag { print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace

std::string html_style() {
    return std::string("<style>") + colours + shapes + drawing + tables + media + "</style>\n";
}

}  // namespace perilune::report
