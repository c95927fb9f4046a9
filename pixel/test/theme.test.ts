// @vitest-environment node
/** Shopify's own linter over the theme app extension: its Liquid, and its schemas by Shopify's JSON schemas. */
import { check, JSONValidator, type JsonValidationSet } from '@shopify/theme-check-common';
import { ThemeLiquidDocsManager } from '@shopify/theme-check-docs-updater';
import { getThemeAndConfig, NodeFileSystem } from '@shopify/theme-check-node';
import { createRequire } from 'node:module';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';

const EXTENSION = 'shopify/extensions/footfall-theme';

/** What the package brings, not what it would fetch: the same on every machine and day. */
class Docs extends ThemeLiquidDocsManager {
  override setup = Object.assign(async (): Promise<void> => undefined, { clearCache: () => undefined });
}
const absent = (): Promise<never> => Promise.reject(new Error('not cached'));
Object.assign(Docs.prototype, { load: absent, loadSchema: absent });

const root = mkdtempSync(join(tmpdir(), 'footfall-theme-'));
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What the linter finds in a copy of the extension, after a change. */
const offenses = async (file?: string, from = '', to = ''): Promise<string[]> => {
  cpSync(EXTENSION, root, { recursive: true });
  writeFileSync(join(root, '.theme-check.yml'), 'extends: theme-check:theme-app-extension\n');
  if (file) {
    const text = readFileSync(join(root, file), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(root, file), text.replace(from, to));
  }
  const { theme, config } = await getThemeAndConfig(root, join(root, '.theme-check.yml'));
  expect(theme.length).toBe(8);
  const docs = new Docs();
  const found = await check(theme, config, { fs: NodeFileSystem, themeDocset: docs, jsonValidationSet: docs });
  return found.map((o) => `${o.uri.split('/').pop()} ${o.check}: ${o.message}`);
};

it('finds nothing in the extension', async () => {
  expect(await offenses()).toEqual([]);
});

const block = 'blocks/recommendations.liquid';
it.each([
  ['a filter that there is not', block, '| money', '| currency', 'UndefinedObject|UnknownFilter'],
  ['an object that there is not', 'blocks/app-embed.liquid', 'customer.id', 'visitor.id', 'UndefinedObject'],
  ['a style where none may stand', block, '{% schema %}', '{% stylesheet %}{% endstylesheet %}{% schema %}', 'AppBlockValidTags'],
  ['a schema that is not JSON', block, '"target": "section",', '"target": "section"', 'ValidSchema|ValidJSON|JSONSyntaxError'],
])('would find %s', async (_, file, from, to, checks) => {
  expect((await offenses(file, from, to)).join('\n')).toMatch(new RegExp(checks));
});

/** The settings of a block by Shopify's JSON schemas of settings: the linter itself looks at those of sections only. */
const settingsErrors = async (text: string): Promise<string[]> => {
  const data = createRequire(import.meta.url).resolve('@shopify/theme-check-docs-updater/data/settings.json');
  const schema = (name: string, fileMatch?: string[]) => ({
    uri: `file:///schemas/${name}.json`,
    fileMatch,
    schema: readFileSync(data.replace('settings.json', `${name}.json`), 'utf8'),
  });
  const schemas = [schema('settings', ['**/*.settings']), schema('setting'), schema('default_setting_values')];
  const validator = await JSONValidator.create({ schemas: async () => schemas } satisfies JsonValidationSet, { context: 'app' } as never);
  const { settings } = JSON.parse(/{% schema %}([\s\S]*){% endschema %}/.exec(text)![1]!) as { settings: unknown };
  return (await validator!.validate('file:///block.settings', JSON.stringify(settings))).map((d) => d.message);
};

it.each(['app-embed', 'recommendations'])('%s: its settings are what Shopify says settings are', async (name) => {
  expect(await settingsErrors(readFileSync(`${EXTENSION}/blocks/${name}.liquid`, 'utf8'))).toEqual([]);
});

it.each([
  ['an unknown type', '"type": "range"', '"type": "slider"'],
  ['a range that begins with a text', '"default": 280', '"default": "280"'],
  ['an option without a label', '"value": "similar", "label": "Like the product of the page"', '"value": "similar"'],
])('would find %s', async (_, from, to) => {
  const text = readFileSync(join(EXTENSION, block), 'utf8');
  expect(text).toContain(from);
  expect(await settingsErrors(text.replace(from, to))).not.toEqual([]);
});
