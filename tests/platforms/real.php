<?php
/**
 * Installs WordPress with WooCommerce and a small shop, or does what a shop's owner does there.
 *
 * Usage: php real.php WORDPRESS URL install | activate | fill SETTINGS THEME | refund ORDER | erase E-MAIL | flush | uninstall
 */

[ , $folder, $url, $act ]  = $argv;
$_SERVER['HTTP_HOST']      = parse_url( $url, PHP_URL_HOST ) . ':' . parse_url( $url, PHP_URL_PORT );
$_SERVER['REQUEST_URI']    = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';
// Three processes: plugins are activated in one that finds the tables, and products made in one that began with the plugins.
if ( 'install' === $act ) {
	define( 'WP_INSTALLING', true );
	require "$folder/wp-load.php";
	require ABSPATH . 'wp-admin/includes/upgrade.php';
	wp_install( 'Loom', 'admin', 'admin@example.com', true, '', 'admin-pass' );
	update_option( 'permalink_structure', '/%postname%/' );
	exit;
}
require "$folder/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/admin.php';

switch ( $act ) {
	case 'activate':
		foreach ( array( 'woocommerce/woocommerce.php', 'footfall/footfall.php' ) as $plugin ) {
			$done = activate_plugin( $plugin );
			if ( is_wp_error( $done ) ) {
				fwrite( STDERR, $done->get_error_message() );
				exit( 1 );
			}
		}
		break;
	case 'fill':
		WC_Install::create_pages();
		switch_theme( $argv[5] );
		if ( ! wp_is_block_theme() ) {
			foreach ( array( 'cart', 'checkout' ) as $page ) {
				wp_update_post(
					array(
						'ID'           => wc_get_page_id( $page ),
						'post_content' => "[woocommerce_$page]",
					)
				);
			}
		}
		foreach ( array(
			'woocommerce_currency'        => 'GBP',
			'woocommerce_default_country' => 'GB',
			'woocommerce_coming_soon'     => 'no',
			'woocommerce_cod_settings'    => array(
				'enabled' => 'yes',
				'title'   => 'Cash',
			),
			'footfall_settings'           => Footfall_Settings::sanitize( json_decode( $argv[4], true ) ),
		) as $name => $value ) {
			update_option( $name, $value );
		}
		foreach ( array( 'Waxed jacket' => 129, 'Wool hat' => 18 ) as $name => $price ) {
			$product = new WC_Product_Simple();
			$product->set_name( $name );
			$product->set_regular_price( (string) $price );
			$product->save();
		}
		$hoodie    = new WC_Product_Variable();
		$attribute = new WC_Product_Attribute();
		$attribute->set_name( 'Colour' );
		$attribute->set_options( array( 'Green', 'Blue' ) );
		$attribute->set_variation( true );
		$hoodie->set_name( 'Hoodie' );
		$hoodie->set_attributes( array( $attribute ) );
		$hoodie->save();
		foreach ( array( 'Green', 'Blue' ) as $colour ) {
			$variation = new WC_Product_Variation();
			$variation->set_parent_id( $hoodie->get_id() );
			$variation->set_attributes( array( 'colour' => $colour ) );
			$variation->set_regular_price( '42' );
			$variation->save();
		}
		WC_Product_Variable::sync( $hoodie->get_id() );
		wp_insert_post(
			array(
				'post_type'    => 'page',
				'post_status'  => 'publish',
				'post_title'   => 'Picks',
				'post_content' => '<!-- wp:footfall/recommended {"limit":3} /--> [footfall_similar product="1"]',
			)
		);
		wp_create_user( 'eva', 'eva-pass', 'eva@example.com' );
		flush_rewrite_rules( true );
		echo json_encode(
			array(
				'wordpress'   => get_bloginfo( 'version' ),
				'woocommerce' => WC_VERSION,
				'catalog'     => iterator_to_array( Footfall_Catalog::products(), false ),
			)
		);
		break;
	case 'refund':
		$order = wc_get_order( (int) $argv[4] );
		$lines = array();
		foreach ( $order->get_items() as $id => $item ) {
			$lines[ $id ] = array(
				'qty'          => 1,
				'refund_total' => $item->get_total(),
			);
		}
		$refund = wc_create_refund(
			array(
				'order_id'   => $order->get_id(),
				'amount'     => $order->get_total(),
				'line_items' => $lines,
			)
		);
		echo json_encode( $refund->get_id() );
		break;
	case 'erase':
		$eraser = apply_filters( 'wp_privacy_personal_data_erasers', array() )['footfall'];
		echo json_encode( call_user_func( $eraser['callback'], $argv[4], 1 ) );
		break;
	case 'flush':
		echo json_encode( Footfall_Queue::flush( true ) );
		break;
	case 'uninstall':
		deactivate_plugins( 'footfall/footfall.php' );
		uninstall_plugin( 'footfall/footfall.php' );
		global $wpdb;
		$found = array();
		foreach ( array( $wpdb->options => 'option_name', $wpdb->postmeta => 'meta_key', "{$wpdb->prefix}wc_orders_meta" => 'meta_key' ) as $table => $name ) {
			$found = array_merge( $found, $wpdb->get_col( "SELECT $name FROM $table WHERE $name LIKE '%footfall%'" ) );
		}
		$found = array_merge( $found, $wpdb->get_col( "SHOW TABLES LIKE '%footfall%'" ) );
		$cron  = json_encode( _get_cron_array() );
		echo json_encode( array( 'left' => $found, 'cron' => strpos( $cron, 'footfall' ) !== false ) );
		break;
}
