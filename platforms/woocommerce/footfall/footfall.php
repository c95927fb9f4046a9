<?php
/**
 * Plugin Name: Footfall for WooCommerce
 * Description: Clickstream and recommendations on your own machine: the pixel's tag, orders and carts from the server, the catalogue, recommendation blocks.
 * Version: 0.2.0
 * Requires at least: 6.4
 * Requires PHP: 7.4
 * WC requires at least: 8.2
 * License: Apache-2.0
 * License URI: https://www.apache.org/licenses/LICENSE-2.0
 * Text Domain: footfall
 */

defined( 'ABSPATH' ) || exit;

define( 'FOOTFALL_FILE', __FILE__ );
define( 'FOOTFALL_VERSION', '0.2.0' );

foreach ( array( 'settings', 'queue', 'tag', 'events', 'catalog', 'blocks', 'privacy', 'admin' ) as $footfall_part ) {
	require_once __DIR__ . "/includes/class-footfall-$footfall_part.php";
}

register_activation_hook( __FILE__, array( 'Footfall_Queue', 'install' ) );
register_deactivation_hook( __FILE__, array( 'Footfall_Queue', 'unschedule' ) );

// Orders are read and written by WooCommerce's own objects alone, so they may live in its own tables; the block-based
// checkout has hooks of its own (Footfall_Events).
add_action(
	'before_woocommerce_init',
	function () {
		if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
			foreach ( array( 'custom_order_tables', 'cart_checkout_blocks' ) as $feature ) {
				\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( $feature, FOOTFALL_FILE, true );
			}
		}
	}
);

add_action(
	'plugins_loaded',
	function () {
		Footfall_Queue::hooks();
		Footfall_Tag::hooks();
		Footfall_Blocks::hooks();
		Footfall_Privacy::hooks();
		Footfall_Admin::hooks();
		if ( class_exists( 'WooCommerce' ) ) {
			Footfall_Events::hooks();
			Footfall_Catalog::hooks();
		}
		if ( defined( 'WP_CLI' ) && WP_CLI ) {
			require_once __DIR__ . '/includes/class-footfall-cli.php';
			WP_CLI::add_command( 'footfall', 'Footfall_CLI' );
		}
	}
);
