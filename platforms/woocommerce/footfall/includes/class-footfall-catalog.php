<?php
/**
 * The catalogue, pushed to the collector in the shape of WooCommerce's REST API: the whole on a schedule, changes within
 * minutes.
 */

defined( 'ABSPATH' ) || exit;

class Footfall_Catalog {

	const HOOK    = 'footfall_catalog';
	const CHANGES = 'footfall_catalog_changes';

	/** The last push: when, how many, what went wrong. */
	const STATE = 'footfall_catalog_state';

	/** Products that changed since the last push; more than MAX_CHANGED, and the whole goes instead. */
	const CHANGED     = 'footfall_catalog_changed';
	const MAX_CHANGED = 500;

	/** Products that are in memory at once. */
	const PAGE = 100;

	/** What of WooCommerce's shape a catalogue needs; the rest is not even computed. */
	const FIELDS = array(
		'id', 'name', 'slug', 'permalink', 'type', 'status', 'catalog_visibility', 'description', 'short_description', 'sku', 'global_unique_id',
		'price', 'regular_price', 'sale_price', 'on_sale', 'purchasable', 'stock_status', 'stock_quantity',
		'categories', 'brands', 'tags', 'image', 'images', 'attributes', 'variations', 'date_created_gmt', 'date_modified_gmt',
	);

	private static $changed = array();

	public static function hooks() {
		add_action( self::HOOK, array( __CLASS__, 'push_whole' ) );
		add_action( self::CHANGES, array( __CLASS__, 'push_changes' ) );
		add_action( 'init', array( __CLASS__, 'schedule' ) );
		foreach ( array( 'woocommerce_update_product', 'woocommerce_new_product', 'woocommerce_trash_product', 'woocommerce_before_delete_product', 'woocommerce_product_set_stock_status' ) as $hook ) {
			add_action( $hook, array( __CLASS__, 'product_changed' ) );
		}
		foreach ( array( 'woocommerce_update_product_variation', 'woocommerce_new_product_variation', 'woocommerce_variation_set_stock_status' ) as $hook ) {
			add_action( $hook, array( __CLASS__, 'variation_changed' ) );
		}
		add_action( 'shutdown', array( __CLASS__, 'remember_changes' ) );
	}

	public static function schedule() {
		$every = Footfall_Settings::get( 'catalog' );
		if ( wp_get_schedule( self::HOOK ) === ( 'off' === $every ? false : $every ) ) {
			return;
		}
		wp_clear_scheduled_hook( self::HOOK );
		if ( 'off' !== $every ) {
			wp_schedule_event( time() + 60, $every, self::HOOK );
		}
	}

	public static function product_changed( $id ) {
		self::$changed[ (int) $id ] = true;
	}

	public static function variation_changed( $id ) {
		$parent = wp_get_post_parent_id( $id );
		if ( $parent ) {
			self::product_changed( $parent );
		}
	}

	/** Once a request: an import of a thousand products is no thousand writes. */
	public static function remember_changes() {
		if ( ! self::$changed || 'off' === Footfall_Settings::get( 'catalog' ) ) {
			return;
		}
		$known = get_option( self::CHANGED, array() );
		$known = ( is_array( $known ) ? $known : array() ) + self::$changed;
		update_option( self::CHANGED, array_slice( $known, 0, self::MAX_CHANGED + 1, true ), false );
		self::$changed = array();
		if ( ! wp_next_scheduled( self::CHANGES ) ) {
			wp_schedule_single_event( time() + 60, self::CHANGES );
		}
	}

	/**
	 * Every published product, a page in memory at a time.
	 *
	 * @return Generator A product of the REST API's shape each; a variation follows its product, with `parent_id`.
	 */
	public static function products() {
		$page = 0;
		do {
			$ids = wc_get_products(
				array(
					'status'  => 'publish',
					'limit'   => self::PAGE,
					'page'    => ++$page,
					'orderby' => 'ID',
					'order'   => 'ASC',
					'return'  => 'ids',
				)
			);
			foreach ( $ids as $id ) {
				foreach ( self::shapes_of( $id ) as $shape ) {
					yield $shape;
				}
			}
			wp_cache_flush_runtime();
		} while ( count( $ids ) === self::PAGE );
	}

	/** A product and its variations; of one that is not there any more, that it is not. */
	public static function shapes_of( $id ) {
		$product = wc_get_product( $id );
		if ( ! $product || 'publish' !== $product->get_status() ) {
			return array(
				array(
					'id'           => (int) $id,
					'name'         => $product ? $product->get_name() : (string) $id,
					'slug'         => $product ? $product->get_slug() : '',
					'permalink'    => '',
					'status'       => 'trash',
					'stock_status' => 'outofstock',
				),
			);
		}
		// WooCommerce writes its own shape: prices, pictures, attributes and permalinks as its REST API answers them.
		$request = new WP_REST_Request( 'GET' );
		$request->set_param( 'context', 'view' );
		$request->set_param( '_fields', self::FIELDS );
		$products = new WC_REST_Products_Controller();
		$shapes   = array( self::slim( $products->prepare_object_for_response( $product, $request )->get_data() ) );
		if ( $product->is_type( 'variable' ) ) {
			$variations = new WC_REST_Product_Variations_Controller();
			foreach ( $product->get_children() as $child ) {
				$variation = wc_get_product( $child );
				if ( $variation && 'publish' === $variation->get_status() ) {
					$shapes[] = array(
						'type'      => 'variation',
						'parent_id' => (int) $id,
					) + self::slim( $variations->prepare_object_for_response( $variation, $request )->get_data() );
				}
			}
		}
		return $shapes;
	}

	private static function slim( array $shape ) {
		return array_intersect_key( $shape, array_flip( self::FIELDS ) );
	}

	/** @return string What went wrong, '' if nothing did. */
	public static function push_whole() {
		$shapes = array();
		foreach ( self::products() as $shape ) {
			$shapes[] = wp_json_encode( $shape, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
		}
		$error = self::push( $shapes, 'whole' );
		if ( '' === $error ) {
			delete_option( self::CHANGED );
		}
		return $error;
	}

	public static function push_changes() {
		$changed = get_option( self::CHANGED, array() );
		if ( ! is_array( $changed ) || ! $changed ) {
			return '';
		}
		if ( count( $changed ) > self::MAX_CHANGED ) {
			return self::push_whole();
		}
		$shapes = array();
		foreach ( array_keys( $changed ) as $id ) {
			foreach ( self::shapes_of( $id ) as $shape ) {
				$shapes[] = wp_json_encode( $shape, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
			}
		}
		$error = self::push( $shapes, 'changes' );
		if ( '' === $error ) {
			// What changed meanwhile stays for the next push.
			$now = get_option( self::CHANGED, array() );
			update_option( self::CHANGED, array_diff_key( is_array( $now ) ? $now : array(), $changed ), false );
		} else {
			wp_schedule_single_event( time() + 600, self::CHANGES );
		}
		return $error;
	}

	private static function push( array $shapes, $mode ) {
		if ( '' === Footfall_Settings::get( 'collector_url' ) || '' === Footfall_Settings::get( 'server_key' ) ) {
			return __( 'enter the collector’s address and the server write key first', 'footfall' );
		}
		$answer = wp_remote_post(
			Footfall_Settings::get( 'collector_url' ) . "/v1/catalog?mode=$mode&source=woocommerce",
			array(
				'timeout'     => 60,
				'redirection' => 0,
				'headers'     => array(
					'Content-Type'     => 'application/json',
					'Content-Encoding' => 'gzip',
					'Authorization'    => 'Basic ' . base64_encode( Footfall_Settings::get( 'server_key' ) . ':' ), // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions
				),
				'body'        => gzencode( '{"products":[' . implode( ',', $shapes ) . ']}' ),
			)
		);
		$error  = Footfall_Queue::failure( $answer );
		if ( '' !== $error ) {
			Footfall_Queue::log( "The catalogue was not taken: $error" );
		}
		update_option(
			self::STATE,
			array(
				'at'     => time(),
				'number' => count( $shapes ),
				'mode'   => $mode,
				'error'  => $error,
			),
			false
		);
		return $error;
	}
}
