<?php
/**
 * Messages to the collector. A visitor's request writes one row; WordPress's cron sends the rows a minute later. So a
 * collector that is slow or down costs the checkout nothing, and a message stays until the collector has it on disk.
 */

defined( 'ABSPATH' ) || exit;

class Footfall_Queue {

	const HOOK = 'footfall_flush';

	/** Where the sender stands: failures in a row, the moment of its next try, last error and success, what was dropped. */
	const STATE = 'footfall_queue_state';

	/** Rows at most: some 40 MB. Carts go first, an order is dropped last. */
	const MAX_ROWS = 20000;

	/** The collector takes 500 messages and 1 MiB in a batch. */
	const BATCH = 100;

	const BATCH_BYTES = 524288;

	/** One message at most (the collector takes 32 KB). */
	const MAX_BYTES = 32768;

	/** Batches in one run of the cron. */
	const BATCHES = 20;

	const TIMEOUT = 10;

	public static function hooks() {
		add_filter( 'cron_schedules', array( __CLASS__, 'schedules' ) ); // phpcs:ignore WordPress.WP.CronInterval
		add_action( self::HOOK, array( __CLASS__, 'flush' ) );
		add_action( 'init', array( __CLASS__, 'schedule' ) );
	}

	public static function schedules( $schedules ) {
		$schedules['footfall_minute'] = array(
			'interval' => 60,
			'display'  => __( 'Every minute', 'footfall' ),
		);
		return $schedules;
	}

	/** Activation: the table. A site that lost it gets it again with the next activation. */
	public static function install() {
		global $wpdb;
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		$charset = $wpdb->get_charset_collate();
		dbDelta(
			'CREATE TABLE ' . self::table() . " (
				id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
				is_order tinyint(1) NOT NULL DEFAULT 0,
				body longtext NOT NULL,
				PRIMARY KEY  (id),
				KEY is_order (is_order)
			) $charset;"
		);
	}

	public static function table() {
		global $wpdb;
		return $wpdb->prefix . 'footfall_queue';
	}

	public static function schedule() {
		if ( ! wp_next_scheduled( self::HOOK ) ) {
			wp_schedule_event( time(), 'footfall_minute', self::HOOK );
		}
	}

	public static function unschedule() {
		wp_clear_scheduled_hook( self::HOOK );
		wp_clear_scheduled_hook( 'footfall_catalog' );
		wp_clear_scheduled_hook( 'footfall_catalog_changes' );
	}

	/**
	 * Keeps a message until it is sent: one INSERT. What can't be kept is logged.
	 *
	 * @param array $message  A message of the wire schema.
	 * @param bool  $is_order Whether it is about an order, and so dropped last.
	 * @return bool Whether it is kept.
	 */
	public static function add( array $message, $is_order ) {
		global $wpdb;
		if ( '' === Footfall_Settings::get( 'collector_url' ) || '' === Footfall_Settings::get( 'server_key' ) ) {
			return false; // Not set up: the settings page says so.
		}
		$body = wp_json_encode( $message, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
		if ( false === $body || strlen( $body ) > self::MAX_BYTES ) {
			self::dropped( 1, "{$message['messageId']} is larger than 32 KB, or no text" );
			return false;
		}
		$kept = $wpdb->insert(
			self::table(),
			array(
				'is_order' => $is_order ? 1 : 0,
				'body'     => $body,
			)
		);
		if ( false === $kept ) {
			self::dropped( 1, "{$message['messageId']} can't be queued: {$wpdb->last_error}. Deactivate and activate the plugin to make its table again." );
		}
		return false !== $kept;
	}

	public static function waiting() {
		global $wpdb;
		return (int) $wpdb->get_var( 'SELECT COUNT(*) FROM ' . self::table() ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Sends what waits, oldest first, until the queue is empty or the collector doesn't take it.
	 *
	 * @param bool $now Also before the moment of the next try (the button of the settings page).
	 * @return string What went wrong, '' if nothing did.
	 */
	public static function flush( $now = false ) {
		global $wpdb;
		$state = self::state();
		if ( ! $now && $state['next_at'] > time() ) {
			return $state['error'];
		}
		// Of two that send at once, one goes: copies would do no harm, and cost the collector twice.
		$lock = substr( md5( self::table() ), 0, 16 );
		if ( '1' !== (string) $wpdb->get_var( $wpdb->prepare( 'SELECT GET_LOCK(%s, 0)', "footfall_$lock" ) ) ) {
			return '';
		}
		try {
			self::bound();
			for ( $batch = 0; $batch < self::BATCHES; $batch++ ) {
				$rows = $wpdb->get_results( $wpdb->prepare( 'SELECT id, body FROM ' . self::table() . ' ORDER BY id LIMIT %d', self::BATCH ) ); // phpcs:ignore WordPress.DB
				if ( ! $rows ) {
					return '';
				}
				$error = self::send( $rows );
				if ( '' !== $error ) {
					return $error;
				}
			}
			return '';
		} finally {
			$wpdb->query( $wpdb->prepare( 'SELECT RELEASE_LOCK(%s)', "footfall_$lock" ) );
		}
	}

	/** One batch; answers what went wrong. */
	private static function send( array $rows ) {
		global $wpdb;
		$bodies = array();
		$ids    = array();
		$bytes  = 0;
		foreach ( $rows as $row ) {
			$bytes += strlen( $row->body );
			if ( $bodies && $bytes > self::BATCH_BYTES ) {
				break;
			}
			$bodies[] = $row->body;
			$ids[]    = (int) $row->id;
		}
		$answer = wp_remote_post(
			Footfall_Settings::get( 'collector_url' ) . '/v1/batch',
			array(
				'timeout'     => self::TIMEOUT,
				'redirection' => 0,
				'headers'     => array(
					'Content-Type'  => 'application/json',
					'Authorization' => 'Basic ' . base64_encode( Footfall_Settings::get( 'server_key' ) . ':' ), // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions
				),
				'body'        => '{"batch":[' . implode( ',', $bodies ) . ']}',
			)
		);
		$error = self::error_of( $answer );
		$state = self::state();
		if ( '' !== $error ) {
			++$state['failures'];
			// 1, 2, 4 ... 60 minutes; Retry-After is the collector's own word.
			$wait             = min( 60 * 2 ** min( $state['failures'] - 1, 6 ), 3600 );
			$asked            = is_wp_error( $answer ) ? 0 : (int) wp_remote_retrieve_header( $answer, 'retry-after' );
			$state['next_at'] = time() + max( $wait, min( $asked, 3600 ) );
			$state['error']   = $error;
			self::remember( $state );
			return $error;
		}
		$wpdb->query( 'DELETE FROM ' . self::table() . ' WHERE id IN (' . implode( ',', $ids ) . ')' ); // phpcs:ignore WordPress.DB
		$state['failures'] = 0;
		$state['next_at']  = 0;
		$state['error']    = '';
		$state['sent_at']  = time();
		self::remember( $state );
		$said     = json_decode( wp_remote_retrieve_body( $answer ), true );
		$rejected = is_array( $said ) && ! empty( $said['rejected'] ) ? $said['rejected'] : array();
		foreach ( array_slice( $rejected, 0, 10 ) as $one ) {
			self::log( 'The collector keeps a message as failed: ' . wp_json_encode( $one ) );
		}
		return '';
	}

	/** '' if the collector has the batch on disk: another server's 200 says nothing of what was accepted. */
	private static function error_of( $answer ) {
		$error = self::failure( $answer );
		if ( '' !== $error ) {
			return $error;
		}
		$said = json_decode( wp_remote_retrieve_body( $answer ), true );
		return isset( $said['accepted'] ) ? '' : __( 'what answers at this address is no collector', 'footfall' );
	}

	/**
	 * Why a request failed, in the words of who answered (RFC 9457's `detail`) where there are any.
	 *
	 * @param array|WP_Error $answer Of wp_remote_post.
	 * @return string '' for a status of 200 to 299.
	 */
	public static function failure( $answer ) {
		if ( is_wp_error( $answer ) ) {
			return $answer->get_error_message();
		}
		$status = (int) wp_remote_retrieve_response_code( $answer );
		if ( $status >= 200 && $status < 300 ) {
			return '';
		}
		$body = wp_remote_retrieve_body( $answer );
		$said = json_decode( $body, true );
		$why  = isset( $said['detail'] ) && is_string( $said['detail'] ) ? $said['detail'] : wp_strip_all_tags( $body );
		return "HTTP $status: " . substr( $why, 0, 200 );
	}

	/** Keeps the table within its bound. */
	private static function bound() {
		global $wpdb;
		$over = self::waiting() - self::MAX_ROWS;
		if ( $over > 0 ) {
			$gone = (int) $wpdb->query( $wpdb->prepare( 'DELETE FROM ' . self::table() . ' ORDER BY is_order, id LIMIT %d', $over ) ); // phpcs:ignore WordPress.DB
			self::dropped( $gone, "$gone messages dropped: more than " . self::MAX_ROWS . ' wait for the collector' );
		}
	}

	public static function state() {
		$state = get_option( self::STATE, array() );
		return array_merge(
			array(
				'failures' => 0,
				'next_at'  => 0,
				'error'    => '',
				'sent_at'  => 0,
				'dropped'  => 0,
			),
			is_array( $state ) ? $state : array()
		);
	}

	private static function remember( array $state ) {
		update_option( self::STATE, $state, false );
	}

	private static function dropped( $number, $why ) {
		$state             = self::state();
		$state['dropped'] += $number;
		self::remember( $state );
		self::log( $why );
	}

	/** To WooCommerce's log (Status, Logs, footfall), else to PHP's. */
	public static function log( $text ) {
		if ( function_exists( 'wc_get_logger' ) ) {
			wc_get_logger()->warning( $text, array( 'source' => 'footfall' ) );
		} else {
			error_log( "footfall: $text" ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
		}
	}
}
