<?php
/**
 * WooCommerce's classes as far as the plugin reads them, filled from the payloads of its REST API (v3), and the acts
 * of a test.
 */

class WooCommerce {
	public $cart;
}
function WC() {
	static $shop = null;
	$shop        = $shop ?? new WooCommerce();
	return $shop;
}
function wc_get_logger() {
	return new class() {
		public function warning( $text, $context ) {
			$GLOBALS['log'][] = $text;
		}
	};
}
function get_woocommerce_currency() {
	return 'USD';
}
function wc_get_price_to_display( $product ) {
	return (float) $product->shape['price'];
}

class WC_Product {
	public $shape;
	public function __construct( array $shape ) {
		$this->shape = $shape;
	}
	public function get_id() {
		return $this->shape['id'];
	}
	public function get_name() {
		return $this->shape['name'];
	}
	public function get_sku() {
		return $this->shape['sku'];
	}
	public function get_slug() {
		return $this->shape['slug'] ?? '';
	}
	public function get_status() {
		return $this->shape['status'];
	}
	public function is_type( $type ) {
		return $this->shape['type'] === $type;
	}
	public function get_children() {
		return $this->shape['variations'];
	}
}
function wc_get_product( $id ) {
	$shape = $GLOBALS['wanted']['products'][ $id ] ?? null;
	return $shape ? new WC_Product( $shape ) : false;
}
function wc_get_products( $query ) {
	$parents = array_filter( $GLOBALS['wanted']['products'], fn( $shape ) => 'variation' !== ( $shape['type'] ?? '' ) && 'publish' === $shape['status'] );
	return array_slice( array_keys( $parents ), ( $query['page'] - 1 ) * $query['limit'], $query['limit'] );
}
function wp_get_post_parent_id( $id ) {
	return $GLOBALS['wanted']['products'][ $id ]['parent_id'] ?? 0;
}
function wp_cache_flush_runtime() {}
class WP_REST_Request {
	public function __construct( $method ) {}
	public function set_param( $name, $value ) {}
}
class WC_REST_Products_Controller {
	public function prepare_object_for_response( $product, $request ) {
		return new class( $product->shape ) {
			private $shape;
			public function __construct( $shape ) {
				$this->shape = $shape;
			}
			public function get_data() {
				return $this->shape;
			}
		};
	}
}
class WC_REST_Product_Variations_Controller extends WC_REST_Products_Controller {}

class Order_Item {
	private $line;
	public function __construct( array $line ) {
		$this->line = $line;
	}
	public function get_name() {
		return $this->line['name'];
	}
	public function get_quantity() {
		return $this->line['quantity'];
	}
	public function get_product_id() {
		return $this->line['product_id'];
	}
	public function get_variation_id() {
		return $this->line['variation_id'];
	}
	public function get_total() {
		return $this->line['total'];
	}
	public function get_total_tax() {
		return $this->line['total_tax'];
	}
	public function get_subtotal() {
		return $this->line['subtotal'];
	}
	public function get_subtotal_tax() {
		return $this->line['subtotal_tax'];
	}
	public function get_product() {
		return empty( $this->line['sku'] ) ? false : new WC_Product( $this->line );
	}
}

class WC_Order {
	private $order;
	private $meta = array();
	public function __construct( array $order ) {
		$this->order = $order;
	}
	public function get_id() {
		return $this->order['id'];
	}
	public function get_type() {
		return $this->order['type'] ?? 'shop_order';
	}
	public function get_order_number() {
		return $this->order['number'];
	}
	public function get_customer_id() {
		return $this->order['customer_id'];
	}
	public function get_currency() {
		return $this->order['currency'] ?? 'USD';
	}
	public function get_total() {
		return $this->order['total'];
	}
	public function get_amount() {
		return $this->order['amount'];
	}
	public function get_total_tax() {
		return $this->order['total_tax'];
	}
	public function get_shipping_total() {
		return $this->order['shipping_total'];
	}
	public function get_total_discount() {
		return $this->order['discount_total'];
	}
	public function get_coupon_codes() {
		return array_column( $this->order['coupon_lines'], 'code' );
	}
	public function get_date_created() {
		return new DateTimeImmutable( $this->order['date_created_gmt'], new DateTimeZone( 'UTC' ) );
	}
	public function get_items() {
		return array_map( fn( $line ) => new Order_Item( $line ), $this->order['line_items'] );
	}
	public function get_meta( $name ) {
		return $this->meta[ $name ] ?? '';
	}
	public function update_meta_data( $name, $value ) {
		$this->meta[ $name ] = $value;
	}
	public function delete_meta_data( $name ) {
		unset( $this->meta[ $name ] );
	}
	public function save_meta_data() {}
	public function meta() {
		return $this->meta;
	}
}
function wc_get_order( $id ) {
	return $GLOBALS['orders'][ $id ] ?? false;
}
function wc_get_orders( $query ) {
	return array_slice( array_values( $GLOBALS['orders'] ), ( $query['page'] - 1 ) * $query['limit'], $query['limit'] );
}

// What a test has done; each returns what is worth a look.
function act_order( array $order ) {
	$GLOBALS['orders'][ $order['id'] ] = new WC_Order( $order );
}
function act_checkout( $id, $hook = 'woocommerce_checkout_create_order' ) {
	do_action( $hook, wc_get_order( $id ) );
	return wc_get_order( $id )->meta();
}
function act_do( $hook, ...$given ) {
	do_action( $hook, ...$given );
}
function act_cart( array $lines ) {
	WC()->cart = new class( $lines ) {
		private $lines;
		public function __construct( $lines ) {
			$this->lines = $lines;
		}
		public function get_cart() {
			return array_map( fn( $line ) => array( 'data' => new WC_Product( $line ) ) + $line, $this->lines );
		}
		public function get_cart_contents_total() {
			return array_sum( array_map( fn( $line ) => $line['price'] * $line['quantity'], $this->lines ) );
		}
		public function get_cart_contents_tax() {
			return 0;
		}
	};
	do_action( 'woocommerce_add_to_cart', 'abc', 1, 1, 0, array(), array() );
	do_action( 'woocommerce_add_to_cart', 'abc', 1, 1, 0, array(), array() );
	do_action( 'shutdown' );
}
function act_flush( $now = false ) {
	return Footfall_Queue::flush( $now );
}
function act_flush_times( $times ) {
	return array_map( fn() => Footfall_Queue::flush(), range( 1, $times ) );
}
function act_clock( $seconds ) {
	$GLOBALS['options'][ Footfall_Queue::STATE ]['next_at'] -= $seconds;
}
function act_fill( $carts, $orders ) {
	global $wpdb;
	$wpdb->pdo->beginTransaction();
	for ( $at = 0; $at < $orders + $carts; $at++ ) {
		Footfall_Queue::add( array( 'messageId' => "m-$at", 'type' => 'track' ), $at < $orders );
	}
	$wpdb->pdo->commit();
}
function act_count( $where = '1 = 1' ) {
	global $wpdb;
	return (int) $wpdb->get_var( "SELECT COUNT(*) FROM wp_footfall_queue WHERE $where" );
}
function act_break_table() {
	global $wpdb;
	$wpdb->pdo->exec( 'DROP TABLE wp_footfall_queue' );
}
function act_mend_table() {
	global $wpdb;
	$wpdb->pdo->exec( 'CREATE TABLE wp_footfall_queue (id INTEGER PRIMARY KEY, is_order INTEGER, body TEXT)' );
}
function act_sanitize( $sent ) {
	return Footfall_Settings::sanitize( $sent );
}
function act_mask( $secret ) {
	return Footfall_Settings::mask( $secret );
}
function act_html( $hook ) {
	ob_start();
	do_action( $hook );
	return ob_get_clean();
}
function act_shortcode( $name, $given, $content = null ) {
	return $GLOBALS['shortcodes'][ $name ]( $given, $content, $name );
}
function act_block( $given ) {
	return Footfall_Blocks::render( $given );
}
function act_filter( $name, $value, ...$more ) {
	return apply_filters( $name, $value, ...$more );
}
function act_product_ld( $markup, $shape ) {
	return apply_filters( 'woocommerce_structured_data_product', $markup, new WC_Product( $shape ) );
}
function act_push( $mode ) {
	return 'whole' === $mode ? Footfall_Catalog::push_whole() : Footfall_Catalog::push_changes();
}
function act_catalog() {
	return iterator_to_array( Footfall_Catalog::products(), false );
}
function act_export( $email ) {
	return Footfall_Privacy::export( $email );
}
function act_erase( $email ) {
	return Footfall_Privacy::erase( $email );
}
