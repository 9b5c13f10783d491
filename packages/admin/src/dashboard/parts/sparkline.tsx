import type { JSX } from 'preact';

const WIDTH = 100;
const HEIGHT = 30;

export interface SparklineProps {
  /** From left to right; undefined where nothing is known. */
  readonly values: readonly (number | undefined)[];
  /** The upper end; the largest value unless told. */
  readonly max?: number;
  readonly tone: 'saved' | 'upstream';
}

/** The course of a figure beside it, without axes. Says nothing to a screen reader: the figure does. */
export function Sparkline({ values, max, tone }: SparklineProps): JSX.Element {
  const top = max ?? Math.max(1, ...values.map((value) => value ?? 0));
  const x = (index: number): number => (index / Math.max(1, values.length - 1)) * WIDTH;
  const y = (value: number): number => HEIGHT - 1 - (Math.min(value, top) / top) * (HEIGHT - 2);
  const points = values.flatMap((value, index) =>
    value === undefined ? [] : [{ x: x(index).toFixed(1), y: y(value).toFixed(1) }],
  );
  const line = points.map((point) => `${point.x} ${point.y}`).join(' L');
  const [first, last] = [points[0], points.at(-1)];
  return (
    <svg
      class={`sparkline tone-${tone}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {first !== undefined && last !== undefined && (
        <>
          <path class="area" d={`M${first.x} ${HEIGHT} L${line} L${last.x} ${HEIGHT} Z`} />
          <path class="line" d={`M${line}`} />
        </>
      )}
    </svg>
  );
}
