/** What `/dashboard/history` answers: a value for each moment. */
interface HistoryColumns {
  readonly at: number[];
  readonly hitRatio: (number | null)[];
  readonly savedBytes: number[];
  readonly upstreamBytes: number[];
}

const REDRAWN_EVERY_MS = 60_000;
const HEIGHT = 190;
const CURSOR_KEY = 'traffic';

/**
 * Draws charts in place of the drawings that came with the page, with axes and values under the pointer. They are drawn anew when there
 * is something new, when the colours change, and when the window does.
 */
export function drawCharts(section: HTMLElement): void {
  const { history } = section.dataset;
  if (history === undefined) return;
  let drawn: uPlot[] = [];
  let columns: HistoryColumns | undefined;
  const draw = (): void => {
    if (columns === undefined) return;
    for (const chart of drawn) chart.destroy();
    drawn = drawBoth(section, columns);
  };
  const load = async (): Promise<void> => {
    const answer = await fetch(history);
    if (!answer.ok) return;
    columns = await answer.json();
    draw();
  };
  // The drawings stay where it fails.
  const reload = (): void => void load().catch(() => {});
  reload();
  setInterval(() => {
    if (!document.hidden) reload();
  }, REDRAWN_EVERY_MS);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  new ResizeObserver(() => {
    for (const chart of drawn) chart.setSize({ width: widthOf(chart.root.parentElement), height: HEIGHT });
  }).observe(section);
}

function drawBoth(section: HTMLElement, columns: HistoryColumns): uPlot[] {
  const colors = colorsOf(section);
  const charts: uPlot[] = [];
  const ratio = section.querySelector<HTMLElement>('[data-plot=ratio]');
  if (ratio !== null) charts.push(drawRatio(ratio, columns, colors));
  const bytes = section.querySelector<HTMLElement>('[data-plot=bytes]');
  if (bytes !== null) charts.push(drawBytes(bytes, columns, colors));
  return charts;
}

function drawRatio(place: HTMLElement, { at, hitRatio }: HistoryColumns, colors: Colors): uPlot {
  const percent = hitRatio.map((ratio) => (ratio === null ? null : ratio * 100));
  const options = optionsOf(place, colors, {
    scale: { range: [0, 100] },
    series: [{ label: 'Hit ratio', color: colors.saved }],
    format: (value) => `${value.toFixed(value === 100 || value === 0 ? 0 : 1)} %`,
    axis: { splits: () => [0, 25, 50, 75, 100], values: (_chart, ticks) => ticks.map((tick) => `${tick} %`) },
  });
  return replace(place, options, [at, percent]);
}

function drawBytes(
  place: HTMLElement,
  { at, savedBytes, upstreamBytes }: HistoryColumns,
  colors: Colors,
): uPlot {
  const top = Math.max(1, ...savedBytes, ...upstreamBytes);
  const step = niceStep(top / 4);
  const options = optionsOf(place, colors, {
    scale: { range: [0, Math.ceil(top / step) * step] },
    series: [
      { label: 'Saved', color: colors.saved },
      { label: 'From upstreams', color: colors.upstream },
    ],
    format: formatBytes,
    axis: {
      splits: () => Array.from({ length: Math.ceil(top / step) + 1 }, (_none, index) => index * step),
      values: (_chart, ticks) => ticks.map((tick) => formatBytes(tick)),
    },
  });
  return replace(place, options, [at, savedBytes, upstreamBytes]);
}

function replace(place: HTMLElement, options: uPlot.Options, data: uPlot.AlignedData): uPlot {
  place.replaceChildren();
  return new uPlot(options, data, place);
}

interface ChartDefinition {
  readonly scale: uPlot.Scale;
  readonly series: readonly { readonly label: string; readonly color: string }[];
  readonly format: (value: number) => string;
  readonly axis: uPlot.Axis;
}

function optionsOf(place: HTMLElement, colors: Colors, definition: ChartDefinition): uPlot.Options {
  const axis = {
    stroke: colors.text,
    font: `11px ${colors.font}`,
    grid: { stroke: colors.grid, width: 1 },
    ticks: { show: false },
  };
  return {
    width: widthOf(place),
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    cursor: { sync: { key: CURSOR_KEY }, points: { size: 7 }, drag: { setScale: false } },
    legend: { live: true, markers: { show: false } },
    scales: { y: definition.scale },
    axes: [
      { ...axis, grid: { show: false }, size: 26, space: 64, values: nameMoments },
      { ...axis, size: 62, ...definition.axis },
    ],
    series: [
      { label: 'At', value: (_chart, at) => (at === null ? '–' : MOMENT.format(at * 1000)) },
      ...definition.series.map(({ label, color }) => ({
        label,
        stroke: color,
        width: 1.5,
        fill: fade(color),
        points: { show: false, size: 5, filter: findLonely },
        spanGaps: false,
        value: (_chart: uPlot, value: number | null) => (value === null ? '–' : definition.format(value)),
      })),
    ],
  };
}

/** Values without neighbours make no line: they are drawn as points. */
function findLonely(chart: uPlot, series: number): number[] {
  const values = chart.data[series] ?? [];
  const isMissing = (index: number): boolean => values[index] === null || values[index] === undefined;
  return [...values.keys()].filter((at) => !isMissing(at) && isMissing(at - 1) && isMissing(at + 1));
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const MOMENT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const DAY_SECONDS = 86_400;

/** By the clock of whoever looks: `18:00`, and the day where there is more than one between two ticks. */
function nameMoments(_chart: uPlot, moments: number[]): string[] {
  const [first = 0, second = first] = moments;
  const format = second - first >= DAY_SECONDS / 2 ? DAY : CLOCK;
  return moments.map((at) => format.format(at * 1000));
}

interface Colors {
  readonly saved: string;
  readonly upstream: string;
  readonly text: string;
  readonly grid: string;
  readonly font: string;
}

/** As the stylesheet has them: a canvas knows no variables. */
function colorsOf(section: HTMLElement): Colors {
  const colorOf = (className: string): string => {
    const probe = document.createElement('span');
    probe.className = className;
    section.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  return {
    saved: colorOf('color-saved'),
    upstream: colorOf('color-upstream'),
    text: colorOf('color-muted'),
    grid: colorOf('color-line'),
    font: getComputedStyle(section).fontFamily,
  };
}

/** `rgb(1, 2, 3)` → `rgba(1, 2, 3, 0.14)` */
function fade(color: string): string {
  return color.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.14)');
}

function widthOf(place: Element | null): number {
  return place?.clientWidth ?? 0;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** The next larger 1, 2, 5, 10, … of a unit of 1024s, so that ticks are round numbers. */
function niceStep(bytes: number): number {
  const unit = 1024 ** Math.floor(Math.log(Math.max(1, bytes)) / Math.log(1024));
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024];
  return (steps.find((step) => step * unit >= bytes) ?? 1024) * unit;
}

function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log(bytes) / Math.log(1024)));
  const value = bytes / 1024 ** power;
  return `${value.toFixed(power > 0 && value < 10 && value % 1 !== 0 ? 1 : 0)} ${UNITS[power] ?? ''}`;
}
