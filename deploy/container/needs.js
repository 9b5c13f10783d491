// What the launcher asks before it gives up root: where the data are, on which port the cache listens, and which files it reads,
// as the cache itself understands its configuration. One line each; fails where the configuration is wrong.
import { loadSettings, readEnvironment } from '@registry-cache/config';

const [configFile] = process.argv.slice(2);
const { storage, http, watchedFiles } = await loadSettings({ env: readEnvironment(), configFile });
const lines = [
  `data ${storage.rootDirectory}`,
  `port ${http.port}`,
  ...watchedFiles.map((file) => `file ${file}`),
];
process.stdout.write(`${lines.join('\n')}\n`);
