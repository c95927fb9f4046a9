<?php
/**
 * Footfall from the command line.
 */

defined( 'ABSPATH' ) || exit;

class Footfall_CLI {

	/**
	 * Prints the catalogue in the shape of WooCommerce's REST API, for $FOOTFALL_DATA/catalog/.
	 *
	 * ## OPTIONS
	 *
	 * [--push]
	 * : Send it to the collector instead.
	 *
	 * ## EXAMPLES
	 *
	 *     wp footfall catalog > catalog.json
	 */
	public function catalog( $args, $options ) {
		if ( ! empty( $options['push'] ) ) {
			self::done( Footfall_Catalog::push_whole(), 'The collector has the catalogue.' );
			return;
		}
		$before = '{"products":[';
		foreach ( Footfall_Catalog::products() as $shape ) {
			echo $before, wp_json_encode( $shape, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ), "\n"; // phpcs:ignore WordPress.Security.EscapeOutput
			$before = ',';
		}
		echo '{"products":[' === $before ? $before : '', "]}\n"; // phpcs:ignore WordPress.Security.EscapeOutput
	}

	/**
	 * Queues the paid orders of the past, each once.
	 *
	 * ## OPTIONS
	 *
	 * [--since=<date>]
	 * : Only those made on this day or later.
	 */
	public function orders( $args, $options ) {
		$page   = 0;
		$queued = 0;
		do {
			$query  = array(
				'type'    => 'shop_order',
				'status'  => array( 'wc-processing', 'wc-completed', 'wc-refunded' ),
				'limit'   => 100,
				'page'    => ++$page,
				'orderby' => 'ID',
				'order'   => 'ASC',
			);
			$query += empty( $options['since'] ) ? array() : array( 'date_created' => '>=' . $options['since'] );
			$orders = wc_get_orders( $query );
			foreach ( $orders as $order ) {
				if ( Footfall_Events::tell_order( $order ) ) {
					++$queued;
					foreach ( $order->get_refunds() as $refund ) {
						Footfall_Events::order_refunded( $order->get_id(), $refund->get_id() );
					}
				}
			}
			// The queue's bound is for what visitors do; here the collector can be waited for.
			$error = Footfall_Queue::flush( true );
			if ( '' !== $error ) {
				WP_CLI::error( "$queued orders are queued; the collector doesn't take them: $error" );
			}
		} while ( count( $orders ) === 100 );
		WP_CLI::success( "$queued orders told." );
	}

	/** Sends what waits for the collector now. */
	public function flush() {
		self::done( Footfall_Queue::flush( true ), 'Nothing waits: ' . Footfall_Queue::waiting() . ' messages in the queue.' );
	}

	private static function done( $error, $success ) {
		'' === $error ? WP_CLI::success( $success ) : WP_CLI::error( $error );
	}
}
