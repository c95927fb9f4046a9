___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "Footfall",
  "categories": [
    "ANALYTICS",
    "PERSONALIZATION"
  ],
  "brand": {
    "id": "brand_dummy",
    "displayName": "Footfall"
  },
  "description": "Self-hosted clickstream and recommendations: loads the pixel from your collector, tells events, e-commerce events of the data layer, and who is logged in.",
  "containerContexts": [
    "WEB"
  ]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "SELECT",
    "name": "action",
    "displayName": "What the tag does",
    "macrosInSelect": false,
    "simpleValueType": true,
    "defaultValue": "load",
    "selectItems": [
      {
        "value": "load",
        "displayValue": "Load the pixel (once on every page)"
      },
      {
        "value": "ecommerce",
        "displayValue": "Tell the data layer's e-commerce event (GA4)"
      },
      {
        "value": "track",
        "displayValue": "Tell an event"
      },
      {
        "value": "identify",
        "displayValue": "Tell who is logged in"
      },
      {
        "value": "reset",
        "displayValue": "Tell a logout (on its click alone: a new guest begins)"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "collector",
    "displayName": "Collector",
    "simpleValueType": true,
    "help": "Its public address, https://events.example-shop.com",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      },
      {
        "type": "REGEX",
        "args": [
          "^https://[^/?#\\s]+/?$"
        ],
        "errorMessage": "An address such as https://events.example-shop.com"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "load",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "writeKey",
    "displayName": "Write key",
    "simpleValueType": true,
    "help": "Of the entry in write_keys whose origins are this shop's",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "load",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "api",
    "displayName": "API",
    "simpleValueType": true,
    "help": "Its public address; for recommendation blocks",
    "valueValidators": [
      {
        "type": "REGEX",
        "args": [
          "^(https://[^/?#\\s]+/?)?$"
        ],
        "errorMessage": "An address such as https://events.example-shop.com"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "load",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "apiKey",
    "displayName": "Public key of the API",
    "simpleValueType": true,
    "help": "",
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "load",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "SELECT",
    "name": "consent",
    "displayName": "Consent",
    "macrosInSelect": false,
    "simpleValueType": true,
    "defaultValue": "mode",
    "selectItems": [
      {
        "value": "mode",
        "displayValue": "Tag Manager's: analytics_storage, and ad_storage for marketing"
      },
      {
        "value": "required",
        "displayValue": "The page calls footfall('consent', ...)"
      },
      {
        "value": "granted",
        "displayValue": "Nobody is asked"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "load",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "event",
    "displayName": "Event",
    "simpleValueType": true,
    "help": "Such as Product Viewed",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "track",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "SIMPLE_TABLE",
    "name": "properties",
    "displayName": "Properties",
    "simpleTableColumns": [
      {
        "defaultValue": "",
        "displayName": "Name",
        "name": "name",
        "type": "TEXT"
      },
      {
        "defaultValue": "",
        "displayName": "Value",
        "name": "value",
        "type": "TEXT"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "track",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "userId",
    "displayName": "Customer",
    "simpleValueType": true,
    "help": "The shop's own number of the account, and no e-mail address; empty: nothing is told",
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "identify",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "userSignature",
    "displayName": "Signature",
    "simpleValueType": true,
    "help": "Optional: proves the login",
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "identify",
        "type": "EQUALS"
      }
    ]
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const addConsentListener = require('addConsentListener');
const callInWindow = require('callInWindow');
const copyFromDataLayer = require('copyFromDataLayer');
const copyFromWindow = require('copyFromWindow');
const createQueue = require('createQueue');
const encodeUriComponent = require('encodeUriComponent');
const getType = require('getType');
const injectScript = require('injectScript');
const isConsentGranted = require('isConsentGranted');
const makeNumber = require('makeNumber');
const makeString = require('makeString');
const setInWindow = require('setInWindow');

// What is called before the pixel has loaded waits for it.
if (!copyFromWindow('footfall')) {
  setInWindow('footfall', function () { callInWindow('footfall.q.push', arguments); });
  createQueue('footfall.q');
}

const isSaid = (value) => value !== undefined && value !== null && value !== '';

const add = (to, name, value) => {
  if (isSaid(value)) to[name] = value;
};

const number = (value) => {
  const found = isSaid(value) ? makeNumber(value) : undefined;
  // (what is no number is not equal to itself)
  return found === found ? found : undefined;
};

const EVENTS = {
  view_item: 'Product Viewed',
  add_to_cart: 'Product Added',
  remove_from_cart: 'Product Removed',
  view_cart: 'Cart Viewed',
  begin_checkout: 'Checkout Started',
  purchase: 'Order Completed',
  refund: 'Order Refunded'
};

const product = (item) => {
  const said = {};
  add(said, 'product_id', isSaid(item.item_id) ? makeString(item.item_id) : undefined);
  add(said, 'name', item.item_name);
  add(said, 'variant', item.item_variant);
  add(said, 'category', item.item_category);
  add(said, 'price', number(item.price));
  add(said, 'quantity', number(item.quantity));
  return said;
};

// A message for each thing in or out of the cart or on a product's page, one with all lines for an order.
const tellEcommerce = () => {
  const name = EVENTS[copyFromDataLayer('event')];
  const ecommerce = copyFromDataLayer('ecommerce', 1);
  if (!name || !ecommerce) return false;
  const products = getType(ecommerce.items) === 'array' ? ecommerce.items.map(product) : [];
  if (name.indexOf('Product ') === 0) {
    products.forEach((one) => {
      add(one, 'currency', ecommerce.currency);
      callInWindow('footfall', 'track', name, one);
    });
    return products.length > 0;
  }
  const said = {};
  add(said, 'order_id', isSaid(ecommerce.transaction_id) ? makeString(ecommerce.transaction_id) : undefined);
  add(said, 'value', number(ecommerce.value));
  add(said, 'currency', ecommerce.currency);
  add(said, 'tax', number(ecommerce.tax));
  add(said, 'shipping', number(ecommerce.shipping));
  add(said, 'coupon', ecommerce.coupon);
  said.products = products;
  // An order without a number could not be told from its copy.
  if (name.indexOf('Order ') === 0 && !said.order_id) return false;
  callInWindow('footfall', 'track', name, said);
  return true;
};

const sayConsent = () => {
  callInWindow('footfall', 'consent', {
    analytics: isConsentGranted('analytics_storage'),
    marketing: isConsentGranted('ad_storage')
  });
};

const address = (said) => said.charAt(said.length - 1) === '/' ? said.substring(0, said.length - 1) : said;

const load = () => {
  let url = address(data.collector) + '/footfall-gtm.js?writeKey=' + encodeUriComponent(data.writeKey);
  if (data.api && data.apiKey) {
    url += '&api=' + encodeUriComponent(address(data.api)) + '&apiKey=' + encodeUriComponent(data.apiKey);
  }
  if (data.consent !== 'granted') url += '&consent=required';
  if (data.consent === 'mode') {
    sayConsent();
    addConsentListener('analytics_storage', sayConsent);
    addConsentListener('ad_storage', sayConsent);
  }
  injectScript(url, data.gtmOnSuccess, data.gtmOnFailure, url);
};

const finish = (isTold) => {
  if (isTold) data.gtmOnSuccess();
  else data.gtmOnFailure();
};

if (data.action === 'load') {
  load();
} else if (data.action === 'ecommerce') {
  finish(tellEcommerce());
} else if (data.action === 'identify') {
  // Nobody logged in is no logout: a reset makes a new guest, and this may run on every page.
  if (isSaid(data.userId)) {
    const traits = isSaid(data.userSignature) ? { userSignature: data.userSignature } : undefined;
    callInWindow('footfall', 'identify', makeString(data.userId), traits);
  }
  finish(true);
} else if (data.action === 'reset') {
  callInWindow('footfall', 'reset');
  finish(true);
} else {
  const properties = {};
  (data.properties || []).forEach((row) => add(properties, row.name, row.value));
  callInWindow('footfall', 'track', data.event, properties);
  finish(true);
}


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": {
        "publicId": "inject_script",
        "versionId": "1"
      },
      "param": [
        {
          "key": "urls",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 1,
                "string": "https://*/footfall-gtm.js"
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_globals",
        "versionId": "1"
      },
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "footfall"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "footfall.q"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "footfall.q.push"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_consent",
        "versionId": "1"
      },
      "param": [
        {
          "key": "consentTypes",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "analytics_storage"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "ad_storage"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "read_data_layer",
        "versionId": "1"
      },
      "param": [
        {
          "key": "allowedKeys",
          "value": {
            "type": 1,
            "string": "specific"
          }
        },
        {
          "key": "keyPatterns",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 1,
                "string": "event"
              },
              {
                "type": 1,
                "string": "ecommerce"
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  }
]


___TESTS___

scenarios: []


___NOTES___

Apache-2.0. Documentation: docs/developer/platforms.md, Google Tag Manager.
