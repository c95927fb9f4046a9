<?php
/**
 * Recommendation blocks: a shortcode, and a block of the editor. Both write the element that the pixel fills.
 */

defined( 'ABSPATH' ) || exit;

class Footfall_Blocks {

	const KINDS = array( 'recommended', 'similar', 'bought-together', 'recently-viewed' );

	/** Attributes of shortcode and block, with their defaults. */
	const DEFAULTS = array(
		'kind'       => 'recommended',
		'limit'      => 4,
		'placement'  => '',
		'product'    => '',
		'min_height' => 360,
	);

	public static function hooks() {
		foreach ( self::KINDS as $kind ) {
			add_shortcode( 'footfall_' . str_replace( '-', '_', $kind ), array( __CLASS__, 'shortcode' ) );
		}
		add_action( 'init', array( __CLASS__, 'register' ) );
	}

	public static function register() {
		wp_register_script(
			'footfall-block',
			plugins_url( 'assets/block.js', FOOTFALL_FILE ),
			array( 'wp-blocks', 'wp-element', 'wp-block-editor', 'wp-components', 'wp-i18n' ),
			FOOTFALL_VERSION,
			true
		);
		register_block_type(
			'footfall/recommended',
			array(
				'api_version'     => 3,
				'title'           => __( 'Footfall recommendations', 'footfall' ),
				'category'        => 'widgets',
				'icon'            => 'thumbs-up',
				'editor_script'   => 'footfall-block',
				'attributes'      => array(
					'kind'       => array(
						'type'    => 'string',
						'enum'    => self::KINDS,
						'default' => self::DEFAULTS['kind'],
					),
					'limit'      => array(
						'type'    => 'integer',
						'default' => self::DEFAULTS['limit'],
					),
					'placement'  => array(
						'type'    => 'string',
						'default' => '',
					),
					'product'    => array(
						'type'    => 'string',
						'default' => '',
					),
					'min_height' => array(
						'type'    => 'integer',
						'default' => self::DEFAULTS['min_height'],
					),
				),
				'supports'        => array(
					'html'  => false,
					'align' => array( 'wide', 'full' ),
				),
				'render_callback' => array( __CLASS__, 'render' ),
			)
		);
	}

	/**
	 * [footfall_recommended limit=4], [footfall_similar], [footfall_bought_together], [footfall_recently_viewed]; what
	 * stands between the shortcode and its end are the shop's own picks.
	 */
	public static function shortcode( $given, $content = null, $name = 'footfall_recommended' ) {
		$given         = shortcode_atts( array_diff_key( self::DEFAULTS, array( 'kind' => 1 ) ), is_array( $given ) ? $given : array(), $name );
		$given['kind'] = str_replace( '_', '-', substr( $name, strlen( 'footfall_' ) ) );
		return self::render( $given, do_shortcode( (string) $content ) );
	}

	/**
	 * The element. Its height is reserved, or the page below would jump when the cards come.
	 *
	 * @param array  $given   Attributes.
	 * @param string $content What stands there until the cards come, and stays if none do.
	 * @return string
	 */
	public static function render( $given, $content = '' ) {
		$given = array_merge( self::DEFAULTS, is_array( $given ) ? $given : array() );
		$kind  = in_array( $given['kind'], self::KINDS, true ) ? $given['kind'] : self::DEFAULTS['kind'];
		$data  = array(
			'data-footfall' => $kind,
			'data-limit'    => (string) min( max( (int) $given['limit'], 1 ), 24 ),
		);
		if ( '' !== (string) $given['placement'] ) {
			$data['data-placement'] = (string) $given['placement'];
		}
		if ( '' !== (string) $given['product'] && in_array( $kind, array( 'similar', 'bought-together' ), true ) ) {
			$data['data-product-id'] = (string) $given['product'];
		}
		if ( '' === trim( $content ) && (int) $given['min_height'] > 0 ) {
			$data['style'] = 'min-height:' . min( (int) $given['min_height'], 2000 ) . 'px';
		}
		$written = '';
		foreach ( $data as $name => $value ) {
			$written .= sprintf( ' %s="%s"', $name, esc_attr( $value ) );
		}
		// Its own class is not read by the pixel; themes lay out by it.
		return "<div class=\"footfall-block\"$written>$content</div>";
	}
}
