import { text } from 'node:stream/consumers';
import { get, type IncomingMessage } from 'node:http';

/** Samples by their series as Prometheus writes them, without `registry_cache_`: `requests_total{upstream="quay.io",…}`. */
export type Samples = Readonly<Record<string, number>>;

/** @param address of `http.debug.addr` */
export async function scrapeMetrics(address: string): Promise<Samples> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`http://${address}/metrics`, { agent: false }, resolve).on('error', reject);
  });
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`expected metrics, got ${response.statusCode}: ${body}`);
  const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    samples.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space).replace(/^registry_cache_/, ''), Number(line.slice(space + 1))];
    }),
  );
}

/** Those of these metrics that have counted anything. */
export function samplesOf(samples: Samples, ...metrics: readonly string[]): Samples {
  return Object.fromEntries(
    Object.entries(samples).filter(
      ([series, value]) => value !== 0 && metrics.includes(series.split('{', 1)[0] ?? ''),
    ),
  );
}
