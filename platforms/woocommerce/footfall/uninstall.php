<?php
/**
 * Removes all that the plugin wrote: settings, queue, schedules, and the visitors' tokens of orders.
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

foreach ( array( 'footfall_settings', 'footfall_queue_state', 'footfall_catalog_state', 'footfall_catalog_changed' ) as $footfall_option ) {
	delete_option( $footfall_option );
}
foreach ( array( 'footfall_flush', 'footfall_catalog', 'footfall_catalog_changes' ) as $footfall_hook ) {
	wp_clear_scheduled_hook( $footfall_hook );
}

global $wpdb;
// phpcs:disable WordPress.DB
$wpdb->query( "DROP TABLE IF EXISTS {$wpdb->prefix}footfall_queue" );
// Orders live in WooCommerce's tables or among the posts; in both while it keeps them in step.
$footfall_meta = "'_footfall_guest', '_footfall_consent', '_footfall_sent'";
$wpdb->query( "DELETE FROM {$wpdb->postmeta} WHERE meta_key IN ($footfall_meta)" );
if ( $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( "{$wpdb->prefix}wc_orders_meta" ) ) ) ) {
	$wpdb->query( "DELETE FROM {$wpdb->prefix}wc_orders_meta WHERE meta_key IN ($footfall_meta)" );
}
