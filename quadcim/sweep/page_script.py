"""What the page of a sweep does in the browser."""

__all__ = ["HEAD", "UPDATE"]

HEAD = """
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  body { font-family: sans-serif; margin: 1rem; max-width: 1200px; color-scheme: only light; }
  @media (prefers-color-scheme: dark) { body { background: #181818; } }
  @media (prefers-color-scheme: dark) { .bk-Column, [data-root-id] { filter: invert(0.9) hue-rotate(180deg); } }
</style>
"""

# What is shown follows from all choices. The arguments are those of quadcim.sweep.page; scale, place and staircase say
# the same as quadcim.sweep.panels does.
UPDATE = """
const {data} = source, count = data.command.length, names = {x: axes.x.value, y: axes.y.value};
const indices = Array.from({length: count}, (_, k) => k);
const booleans = indices.map(k => Object.entries(choices).every(
  ([name, choice]) => !choice.value.length || choice.value.includes(String(data[`choice ${name}`][k]))));

const scale = axis => {
  const name = names[axis], values = indices.filter(k => booleans[k]).map(k => data[name][k]);
  const finite = values.filter(Number.isFinite), positive = finite.filter(value => value > 0);
  const usual = !numbers.includes(name) && positive.length > 0 && Math.min(...finite) >= 0
    && Math.max(...positive) >= 20 * Math.min(...positive);
  const log = modes[axis].value == 'auto' ? usual : modes[axis].value == 'log';
  const drawn = log ? positive : finite;
  const least = drawn.length ? Math.min(...drawn) : 1, most = drawn.length ? Math.max(...drawn) : 1;
  const margin = log ? 1.5 * (most / least) ** 0.1 : 0.1 * (most - least) || 1;
  const [low, high] = log ? [least / margin, most * margin] : [least - margin, most + margin];
  const edges = [...(log && values.some(value => value <= 0) ? ['0'] : []),
                 ...(values.includes(Infinity) ? ['\u221e'] : [])];
  const pad = edges.length ? [low, high] : [least, most], reach = log ? (pad[1] / pad[0]) ** 0.06 * 1.1
    : 0.06 * (pad[1] - pad[0]) || 1;
  const ends = log ? [pad[0] / reach, pad[1] * reach] : [pad[0] - reach, pad[1] + reach];
  return {log, ends, text: texts[name] + edges.map(edge => ` (${edge} at the edge)`).join(''),
          place: value => value == Infinity ? high : log && value <= 0 ? low : value};
};
const scales = {x: scale('x'), y: scale('y')};
const ramp = Object.keys(legends).find(name => name != names.x && name != names.y);
for (const axis of ['x', 'y']) data[axis] = Array.from(data[names[axis]], scales[axis].place);
data.colour = data[`colour ${ramp}`] ?? indices.map(() => plain);
legend.text = legends[ramp] ?? '';
shown.booleans = booleans;

const sign = name => more_is_better.includes(name) ? -1 : 1, signs = [sign(names.x), sign(names.y)];
const staircase = points => {
  let least = Infinity;
  const best = points.sort((a, b) => signs[0] * (a[0] - b[0]) || signs[1] * (a[1] - b[1]))
    .filter(([_, y]) => signs[1] * y < least && ((least = signs[1] * y), true)).sort((a, b) => a[0] - b[0]);
  return best.flatMap(([x, y], k) => k == 0 ? [[x, y]]
    : [signs[0] < 0 ? [best[k - 1][0], y] : [x, best[k - 1][1]], [x, y]]);
};
const joined = numbers.includes(names.x), others = settings.filter(name => name != names.x);
for (const {front, lines, inside} of parts) {
  const drawn = inside.filter(k => booleans[k] && !isNaN(data[names.x][k]) && !isNaN(data[names.y][k]));
  const corners = joined ? [] : staircase(drawn.map(k => [data[names.x][k], data[names.y][k]]));
  front.data = {x: corners.map(([x]) => scales.x.place(x)), y: corners.map(([_, y]) => scales.y.place(y))};
  const groups = {};
  if (joined) for (const k of drawn) (groups[JSON.stringify(others.map(name => data[name][k]))] ??= []).push(k);
  const sorted = Object.values(groups).map(group => group.sort((a, b) => data.x[a] - data.x[b]));
  lines.data = {x: sorted.map(group => group.map(k => data.x[k])), y: sorted.map(group => group.map(k => data.y[k])),
                colour: sorted.map(group => data.colour[group[0]])};
}
const decades = (start, end) => {  // 1, 2, 5, 10 and so on, or fewer where these are many
  const powers = Array.from({length: Math.ceil(Math.log10(end / start)) + 2},
                            (_, k) => Math.floor(Math.log10(start)) + k);
  const ticks = (powers.length > 5 ? [1] : [1, 2, 5]).flatMap(factor => powers.map(power => factor * 10 ** power));
  return ticks.filter(tick => start <= tick && tick <= end);
};
plots.forEach((plot, number) => {
  for (const axis of ['x', 'y']) {
    const {log, ends: [start, end], text} = scales[axis], [line] = axis == 'x' ? plot.below : plot.left;
    plot[`${axis}_scale`] = kit[log ? 'log' : 'linear'];
    line.ticker = log ? new (Bokeh.Models.get('FixedTicker'))({ticks: decades(start, end)})
                      : new (Bokeh.Models.get('BasicTicker'))();
    line.axis_label = text;
    if (number == 0) plot[`${axis}_range`].setv({start, end, reset_start: start, reset_end: end});
  }
});
source.change.emit();
"""
