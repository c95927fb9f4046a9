<?php
/**
 * The pixel's tag in every page, and who is logged in.
 */

defined( 'ABSPATH' ) || exit;

class Footfall_Tag {

	private static $said_who = false;

	public static function hooks() {
		add_action( 'wp_head', array( __CLASS__, 'head' ), 2 );
		// Not every theme calls wp_body_open.
		add_action( 'wp_body_open', array( __CLASS__, 'customer' ) );
		add_action( 'wp_footer', array( __CLASS__, 'customer' ) );
		add_filter( 'woocommerce_structured_data_product', array( __CLASS__, 'product_id' ), 10, 2 );
		add_filter( 'woocommerce_structured_data_product_offer', array( __CLASS__, 'price' ) );
	}

	public static function is_ready() {
		return '' !== Footfall_Settings::get( 'collector_url' ) && '' !== Footfall_Settings::get( 'write_key' );
	}

	public static function head() {
		if ( ! self::is_ready() ) {
			return;
		}
		$consent = Footfall_Settings::get( 'consent' );
		$script  = 'window.footfall = window.footfall || function () { (footfall.q = footfall.q || []).push(arguments) }' . "\n";
		if ( class_exists( 'WooCommerce' ) ) {
			$script .= file_get_contents( dirname( FOOTFALL_FILE ) . '/assets/theme.js' ); // phpcs:ignore WordPress.WP.AlternativeFunctions
		}
		if ( 'wp_consent_api' === $consent ) {
			$script .= file_get_contents( dirname( FOOTFALL_FILE ) . '/assets/consent.js' ); // phpcs:ignore WordPress.WP.AlternativeFunctions
		}
		wp_print_inline_script_tag( $script );
		$tag = array(
			'async'          => true,
			'src'            => Footfall_Settings::get( 'collector_url' ) . '/footfall.js',
			'data-write-key' => Footfall_Settings::get( 'write_key' ),
		);
		if ( '' !== Footfall_Settings::get( 'api_url' ) && '' !== Footfall_Settings::get( 'public_key' ) ) {
			$tag['data-api']     = Footfall_Settings::get( 'api_url' );
			$tag['data-api-key'] = Footfall_Settings::get( 'public_key' );
		}
		if ( 'granted' !== $consent ) {
			$tag['data-consent'] = 'required';
		}
		/**
		 * The tag's attributes, all that docs/developer/pixel.md lists.
		 *
		 * @param array $tag Name and value of each.
		 */
		wp_print_script_tag( apply_filters( 'footfall_tag', $tag ) );
	}

	/** Who is logged in; an empty id says that nobody is. Caches don't keep the pages of who is. */
	public static function customer() {
		if ( self::$said_who || ! self::is_ready() ) {
			return;
		}
		self::$said_who = true;
		$user           = get_current_user_id();
		$id             = $user ? (string) $user : '';
		$signature      = self::signature( $id );
		printf(
			'<i hidden data-customer-id="%s"%s></i>',
			esc_attr( $id ),
			'' === $signature ? '' : sprintf( ' data-customer-signature="%s"', esc_attr( $signature ) )
		);
	}

	/** What proves the login to the collector; '' for nobody, or without an identity secret. */
	public static function signature( $id ) {
		$secret = Footfall_Settings::get( 'identity_secret' );
		return '' === $id || '' === $secret ? '' : hash_hmac( 'sha256', $id, $secret );
	}

	/**
	 * A product page says the catalogue's id: WooCommerce's own JSON-LD names the sku alone.
	 *
	 * @param array      $markup  The JSON-LD.
	 * @param WC_Product $product The page's product.
	 * @return array
	 */
	public static function product_id( $markup, $product ) {
		$markup['productID'] = (string) $product->get_id();
		return $markup;
	}

	/**
	 * The price where every reader of schema.org looks for it: WooCommerce has it in a `priceSpecification` alone.
	 *
	 * @param array $offer An offer of the JSON-LD.
	 * @return array
	 */
	public static function price( $offer ) {
		$said = isset( $offer['priceSpecification'] ) ? $offer['priceSpecification'] : array();
		$said = isset( $said[0] ) ? $said[0] : $said;
		if ( ! isset( $offer['price'] ) && isset( $said['price'], $said['priceCurrency'] ) ) {
			$offer['price']         = $said['price'];
			$offer['priceCurrency'] = $said['priceCurrency'];
		}
		return $offer;
	}
}
