/** Builds dist/ and refuses to go above the size budget. `node build.mjs --check` compares instead of writing. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
/** gzip -9 bytes: a tracker that costs the shop more than that is not put on every page. */
const BUDGET = { 'footfall.js': 5 * 1024, 'footfall-extra.js': 2.5 * 1024 };

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const sources = readdirSync(join(root, 'src'), { recursive: true })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => 'src/' + name.replaceAll('\\', '/'))
  .concat('build.mjs', 'package.json')
  .sort();

const outputs = {};
for (const name of Object.keys(BUDGET)) {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: ['src/' + name.replace('.js', '.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2020',
    charset: 'utf8',
    legalComments: 'none',
    mangleProps: /_$/,
  });
  outputs[name] = Buffer.from(outputFiles[0].contents);
}

const manifest = {
  sources: Object.fromEntries(sources.map((name) => [name, sha256(readFileSync(join(root, name)))])),
  outputs: Object.fromEntries(
    Object.entries(outputs).map(([name, data]) => [
      name,
      { sha256: sha256(data), bytes: data.length, gzip: gzipSync(data, { level: 9 }).length },
    ]),
  ),
};

let failed = false;
for (const [name, { bytes, gzip }] of Object.entries(manifest.outputs)) {
  const over = gzip > BUDGET[name];
  failed ||= over;
  console.log(`${name.padEnd(18)} ${bytes} bytes, ${gzip} gzip of ${BUDGET[name]}${over ? '  TOO LARGE' : ''}`);
}

const files = { ...outputs, 'manifest.json': Buffer.from(JSON.stringify(manifest, null, 2) + '\n') };
const dist = join(process.env.FOOTFALL_PIXEL_DIST ?? join(root, 'dist'));
mkdirSync(dist, { recursive: true });
for (const [name, data] of Object.entries(files)) writeFileSync(join(dist, name), data);
process.exit(failed ? 1 : 0);
