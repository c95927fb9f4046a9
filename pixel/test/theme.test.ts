// @vitest-environment node
/** Shopify's own linter over the theme app extension: its Liquid, and its schemas by Shopify's JSON schemas. */
import { check } from '@shopify/theme-check-common';
import { ThemeLiquidDocsManager } from '@shopify/theme-check-docs-updater';
import { getThemeAndConfig, NodeFileSystem } from '@shopify/theme-check-node';
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
  expect(theme.length).toBe(3);
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
  ['a schema that is no JSON', block, '"target": "section",', '"target": "section"', 'ValidSchema|ValidJSON|JSONSyntaxError'],
])('would find %s', async (_, file, from, to, checks) => {
  expect((await offenses(file, from, to)).join('\n')).toMatch(new RegExp(checks));
});
