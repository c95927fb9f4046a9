/** Runs the sandboxed code of a Tag Manager template with stubs that allow what its permissions say, and no more.
 * Standard input: {template, data, window, dataLayer, consent}. Prints what was called. */
import { readFileSync } from 'node:fs';

const given = JSON.parse(readFileSync(0, 'utf8'));
const parts = {};
for (const part of readFileSync(given.template, 'utf8').split(/^(?=___[A-Z_]+___$)/m)) {
  const [, name, body] = /^___([A-Z_]+)___\n([^]*)/.exec(part);
  parts[name] = body.trim();
}

/** Values of a permission's parameters as plain JSON. */
const plain = (value) =>
  value.type === 8 ? value.boolean
  : value.type === 2 ? value.listItem.map(plain)
  : value.type === 3 ? Object.fromEntries(value.mapKey.map((key, at) => [plain(key), plain(value.mapValue[at])]))
  : value.string;
const permissions = {};
for (const { instance } of JSON.parse(parts.WEB_PERMISSIONS))
  permissions[instance.key.publicId] = Object.fromEntries(instance.param.map(({ key, value }) => [key, plain(value)]));

const told = { injected: [], calls: [], queued: [], finished: [], listeners: {}, used: [] };
const page = given.window ?? {};
/** Fails as Tag Manager does: a tag whose permission is missing stops. */
const demand = (allowed, what) => {
  if (!allowed) throw new Error(`no permission to ${what}`);
};
const global = (key, right) => demand(permissions.access_globals?.keys.some((k) => k.key === key && k[right]), `${right} window.${key}`);
const consentOf = (type) => demand(permissions.access_consent?.consentTypes.some((k) => k.consentType === type && k.read), `read ${type}`);
const state = given.consent ?? {};

const apis = {
  injectScript: (url, success, failure, token) => {
    const { protocol, pathname } = new URL(url);
    demand(permissions.inject_script?.urls.includes(`${protocol}//*${pathname}`), `inject ${url}`);
    told.injected.push([url, token]);
    success();
  },
  copyFromWindow: (key) => (global(key, 'read'), page[key]),
  setInWindow: (key, value) => (global(key, 'write'), (page[key] = value), true),
  createQueue: (key) => (global(key, 'read'), global(key, 'write'), (page[key] = [])),
  callInWindow: (key, ...args) => {
    global(key, 'execute');
    if (key === 'footfall.q.push') return told.queued.push([...args[0]]);
    if (page[key] instanceof Function) return page[key](...args);
    told.calls.push(args);
  },
  copyFromDataLayer: (key) => {
    demand(permissions.read_data_layer?.keyPatterns.includes(key), `read ${key} of the data layer`);
    return given.dataLayer?.[key];
  },
  isConsentGranted: (type) => (consentOf(type), state[type] !== false),
  addConsentListener: (type, listener) => (consentOf(type), (told.listeners[type] = listener)),
  encodeUriComponent: encodeURIComponent,
  getType: (value) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value),
  makeNumber: Number,
  makeString: String,
};
const require = (name) => {
  if (!apis[name]) throw new Error(`no API ${name}`);
  told.used.push(name);
  return apis[name];
};
const data = {
  ...given.data,
  gtmOnSuccess: () => told.finished.push('success'),
  gtmOnFailure: () => told.finished.push('failure'),
};
new Function('require', 'data', `'use strict';${parts.SANDBOXED_JS_FOR_WEB_TEMPLATE}`)(require, data);
for (const [type, granted] of Object.entries(given.then ?? {})) {
  state[type] = granted;
  told.listeners[type](type, granted);
}
told.parts = { info: JSON.parse(parts.INFO), parameters: JSON.parse(parts.TEMPLATE_PARAMETERS), code: parts.SANDBOXED_JS_FOR_WEB_TEMPLATE };
console.log(JSON.stringify(told));
