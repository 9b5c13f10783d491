import { expect, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { closeAfterAll, closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { createGate } from '../support/gate.ts';
import { addColdImage } from '../support/image/cold-image.ts';
import { cacheImage } from '../support/client/cache-image.ts';
import { stallAfter } from '../support/upstream/behaviours.ts';
import { runCommand } from '../support/cache/run-command.ts';
import { startCommand, type TmuxTerminal } from './support/tmux-terminal.ts';

// What operators see, on a terminal that is one. What the commands say in a pipe: test/integration/command-line.test.ts.

const { upstream, cache, client } = await startCachedUpstream(closeAfterAll());

const ESCAPE = '\u001b';
const COLOUR = new RegExp(`${ESCAPE}\\[[0-9;]*3[0-9]m`);
const MIB = 1024 * 1024;

interface Size {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

async function onTerminal(
  args: readonly string[],
  { columns = 110, rows = 40, env = {} }: Size = {},
): Promise<TmuxTerminal> {
  return closeAtEnd(
    await startCommand([...args, '--config', cache.folder.configFile], {
      columns,
      rows,
      env: { HOME: cache.folder.root, ...env },
    }),
  );
}

async function ended(terminal: TmuxTerminal): Promise<number> {
  await eventually('the command has ended', async () => (await terminal.exitCode()) !== undefined);
  return (await terminal.exitCode()) ?? -1;
}

async function untilMeasured(): Promise<void> {
  await eventually('the disk was measured', async () => {
    const { stdout } = await runCommand(
      ['status', '--config', cache.folder.configFile],
      {},
      cache.folder.root,
    );
    return /^disk .* of 10\.0 GiB/m.test(stdout);
  });
}

test('status has colours and a bar on a terminal', async () => {
  await untilMeasured();
  const terminal = await onTerminal(['status']);
  expect(await ended(terminal)).toBe(0);
  const text = await terminal.text();
  expect(text).toMatch(/^disk +[━─]{30} /m);
  expect(text).toMatch(/^ {2}quay\.io +(?:idle|up) /m);
  expect(await terminal.colouredText()).toMatch(COLOUR);
});

test('colours are left out where NO_COLOR asks for it, and in a pipe', async () => {
  const terminal = await onTerminal(['status'], { env: { NO_COLOR: '1' } });
  expect(await ended(terminal)).toBe(0);
  expect(await terminal.colouredText()).not.toMatch(COLOUR);
  expect(await terminal.text()).toMatch(/^disk +[━─]{30} /m);
  const { stdout } = await runCommand(['status', '--config', cache.folder.configFile], {}, cache.folder.root);
  expect(stdout).not.toContain(ESCAPE);
});

test.each([[130], [80], [60]])('the list of images fits into %i columns', async (columns) => {
  const image = addColdImage(upstream, `listed-on-${'a-very-long-name-'.repeat(4)}${columns}`);
  await cacheImage(client, image.name, 'v1');
  const terminal = await onTerminal(['ls', 'quay.io/cold'], { columns });
  expect(await ended(terminal)).toBe(0);
  const lines = (await terminal.text()).split('\n').filter((line) => line.includes('complete'));
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line).toMatch(/^quay\.io.*complete$/);
});

test('warm shows a bar for each image while it comes, and what came of it', async () => {
  const image = addColdImage(upstream, 'warmed', { layers: [4 * MIB] });
  const gate = createGate();
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(2 * MIB, gate.opened));
  const terminal = await onTerminal(['warm', `${image.name}:v1`, 'quay.io/cold/none:v1', '--all-platforms']);
  await eventually('its bar is there', async () => {
    return /quay\.io\/cold\/warmed:v1 +[━─]{24} +\d+ % +.* of 4\.0 MiB/.test(await terminal.text());
  });
  await eventually('the other image has failed', async () => {
    return /warming {2}1 of 2 images, 1 failed/.test(await terminal.text());
  });
  gate.open();
  expect(await ended(terminal)).toBe(1);
  const lines = (await terminal.text()).split('\n').filter((line) => line !== '');
  expect(lines).toEqual([
    expect.stringMatching(/^failed +quay\.io\/cold\/none:v1: /),
    expect.stringMatching(/^done +quay\.io\/cold\/warmed:v1 +4\.0 MiB in .*, all of it fetched$/),
    expect.stringMatching(/^1 image warm, 1 failed: 4\.0 MiB, all of it fetched, in /),
  ]);
});

test('more images than the terminal has lines for have bars in turn', async () => {
  const gate = createGate();
  const images = Array.from({ length: 8 }, (_, index) => addColdImage(upstream, `many-${index}`));
  for (const { layerDigest } of images)
    upstream.misbehave({ path: new RegExp(layerDigest) }, stallAfter(1000, gate.opened));
  const names = images.map(({ name }) => `${name}:v1`);
  const terminal = await onTerminal(['warm', ...names, '--all-platforms', '--concurrency', '8'], { rows: 6 });
  await eventually('as many bars as there is room for', async () => {
    return ((await terminal.text()).match(/ %/g) ?? []).length === 4;
  });
  gate.open();
  expect(await ended(terminal)).toBe(0);
  const text = await terminal.text();
  for (const name of names)
    expect(text.split('\n').filter((line) => line.startsWith(`done     ${name} `))).toHaveLength(1);
  expect(text).not.toContain('─');
});

test('Ctrl-C gives the cursor back and says how to go on', async () => {
  const image = addColdImage(upstream, 'interrupted', { layers: [MIB] });
  const gate = createGate();
  upstream.misbehave({ path: new RegExp(image.layerDigest) }, stallAfter(1000, gate.opened));
  const terminal = await onTerminal(['warm', `${image.name}:v1`, '--all-platforms']);
  await eventually('it has begun', async () => (await terminal.text()).includes('interrupted:v1'));
  await terminal.press('C-c');
  expect(await ended(terminal)).toBe(130);
  expect(await terminal.text()).toMatch(
    /^stopped: what was fetched stays, and running it again goes on from there$/m,
  );
  gate.open();
});
