// The editor's side of the block footfall/recommended. The server renders it, a visitor's list comes in their browser.
;(function (blocks, element, editor, components, i18n) {
  var el = element.createElement
  var __ = i18n.__
  var kinds = {
    recommended: __('Picked for the visitor', 'footfall'),
    similar: __('Similar to the page’s product', 'footfall'),
    'bought-together': __('Bought together with it', 'footfall'),
    'recently-viewed': __('Recently viewed', 'footfall')
  }
  blocks.registerBlockType('footfall/recommended', {
    edit: function (props) {
      var given = props.attributes
      function set(name) {
        return function (value) {
          var change = {}
          change[name] = value
          props.setAttributes(change)
        }
      }
      return el(
        'div',
        editor.useBlockProps(),
        el(
          editor.InspectorControls,
          null,
          el(
            components.PanelBody,
            { title: __('Recommendations', 'footfall') },
            el(components.SelectControl, {
              label: __('Kind', 'footfall'),
              value: given.kind,
              options: Object.keys(kinds).map(function (kind) { return { value: kind, label: kinds[kind] } }),
              onChange: set('kind')
            }),
            el(components.RangeControl, { label: __('Products', 'footfall'), min: 1, max: 24, value: given.limit, onChange: set('limit') }),
            el(components.RangeControl, { label: __('Reserved height in pixels', 'footfall'), min: 0, max: 1000, step: 10, value: given.min_height, onChange: set('min_height') }),
            el(components.TextControl, { label: __('Placement (its name in reports)', 'footfall'), value: given.placement, onChange: set('placement') })
          )
        ),
        el(components.Placeholder, {
          icon: 'thumbs-up',
          label: __('Footfall recommendations', 'footfall'),
          instructions: kinds[given.kind] + ' · ' + given.limit
        })
      )
    },
    save: function () { return null }
  })
})(window.wp.blocks, window.wp.element, window.wp.blockEditor, window.wp.components, window.wp.i18n)
