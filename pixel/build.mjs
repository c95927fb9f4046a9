/** Builds dist/ and exits 1 above the size budget. FOOTFALL_PIXEL_DIST names another directory to write to. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { minify } from 'terser';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Bytes after gzip -9. Every visitor loads the first three, a page with blocks the fourth, a developer the fifth,
 * a page whose tag a tag manager injects the sixth. */
const BUDGET = {
  'footfall.js': 5 * 1024,
  'footfall-extra.js': 2600,
  'footfall-watch.js': 4024,
  'footfall-blocks.js': 2000,
  'footfall-debug.js': 3.75 * 1024,
  'footfall-gtm.js': 256,
};

/** The budgets count with the zlib that Node's own builds bring. A distribution's Node (Debian's) has the system's, whose
 * sizes were up to 13 bytes off. */
const SLACK = process.versions.zlib.includes('-') ? 0 : 16;

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const sources = readdirSync(join(root, 'src'), { recursive: true })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => 'src/' + name.replaceAll('\\', '/'))
  .concat('build.mjs', 'package-lock.json')
  .sort();

/** The tag's own file is a script as old as the web, and so is what a tag manager injects. Those
 * that the tag loads are modules, which Trusted Types let through, and which may say what file they need
 * (docs/decisions/0026). */
const isScript = (name) => /^footfall(-gtm)?\.js$/.test(name);

/** The shortened property names (`..._`), the same in every file. */
let mangleCache = {};

const bundle = (name) => {
  const built = buildSync({
    absWorkingDir: root,
    entryPoints: ['src/' + name.replace('.js', '.ts')],
    bundle: true,
    write: false,
    minifySyntax: true,
    mangleProps: /[a-z]_$/,
    mangleCache,
    format: isScript(name) ? 'iife' : 'esm',
    external: ['./footfall-extra.js'],
    target: 'es2021',
    charset: 'utf8',
    legalComments: 'none',
    tsconfigRaw: { compilerOptions: { alwaysStrict: false } },
  });
  mangleCache = built.mangleCache;
  return built.outputFiles[0].text;
};

/** Asks the browser to compile every function while the file comes, on another thread, and not each at its first call on
 * the page's: 1.6 of 10.4 ms less at load. Chromium's since 136; a comment to all others. */
const HINT = '//# allFunctionsCalledOnLoad\n';
/** Only what every visitor loads. */
const EAGER = /footfall(-extra|-watch)?\.js/;

/** esbuild's own minifier inlines less: terser is worth 4 %. Statements joined by commas, and functions with arguments
 * inlined, are shorter, but gzip has more to do: 0.2 %; so are conditions that are merged: 2 bytes. */
const squeeze = async (name, code) => {
  const kind = { ecma: 2020, module: !isScript(name), toplevel: true };
  const { code: terse } = await minify(code, {
    ...kind,
    mangle: false,
    compress: { passes: 4, inline: 1, sequences: false, conditionals: false, unsafe: true, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false },
  });
  // names are given by how often each letter stands in what is left then: 0.3 % less
  const { code: small } = await minify(terse, { ...kind, compress: false, format: { quote_style: 2 } });
  // terser unwraps a file that is one function, and its names would become the page's
  const whole = !isScript(name) || small.startsWith('(()=>{') ? small : `(()=>{${small}})();`;
  return Buffer.from((EAGER.test(name) ? HINT : '') + whole);
};

const outputs = {};
for (const name of Object.keys(BUDGET)) outputs[name] = await squeeze(name, bundle(name));

const manifest = {
  sources: Object.fromEntries(sources.map((name) => [name, sha256(readFileSync(join(root, name)))])),
  outputs: Object.fromEntries(
    Object.keys(BUDGET).map((name) => [
      name,
      { sha256: sha256(outputs[name]), bytes: outputs[name].length, gzip: gzipSync(outputs[name], { level: 9 }).length },
    ]),
  ),
};

let failed = false;
for (const [name, { bytes, gzip }] of Object.entries(manifest.outputs)) {
  const over = gzip > BUDGET[name] + SLACK;
  failed ||= over;
  console.log(`${name.padEnd(20)} ${String(bytes).padStart(6)} bytes ${String(gzip).padStart(5)} gzip of ${BUDGET[name]}${over ? '  TOO LARGE' : ''}`);
}

const dist = process.env.FOOTFALL_PIXEL_DIST ?? join(root, 'dist');
mkdirSync(dist, { recursive: true });
for (const [name, data] of Object.entries(outputs)) writeFileSync(join(dist, name), data);
writeFileSync(join(dist, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');
process.exitCode = failed ? 1 : 0;
