<?php
/**
 * WordPress's tools for personal data: what is held of a customer, and the request to forget them.
 */

defined( 'ABSPATH' ) || exit;

class Footfall_Privacy {

	const ORDERS = 50;

	public static function hooks() {
		add_filter( 'wp_privacy_personal_data_exporters', array( __CLASS__, 'exporters' ) );
		add_filter( 'wp_privacy_personal_data_erasers', array( __CLASS__, 'erasers' ) );
		add_action( 'admin_init', array( __CLASS__, 'policy' ) );
	}

	public static function exporters( $exporters ) {
		$exporters['footfall'] = array(
			'exporter_friendly_name' => __( 'Footfall', 'footfall' ),
			'callback'               => array( __CLASS__, 'export' ),
		);
		return $exporters;
	}

	public static function erasers( $erasers ) {
		$erasers['footfall'] = array(
			'eraser_friendly_name' => __( 'Footfall', 'footfall' ),
			'callback'             => array( __CLASS__, 'erase' ),
		);
		return $erasers;
	}

	/** A paragraph for the shop's privacy policy (Settings, Privacy). */
	public static function policy() {
		wp_add_privacy_policy_content(
			'Footfall',
			wp_kses_post( wpautop( __( 'We record what visitors look at, click on, search for and order in this shop, under a random number that is kept in the cookie _ff_guest for 365 days, and for customers who are logged in under the number of their account. What is typed into forms is not recorded. The data stay on our own servers, and are used to count visits and to recommend products.', 'footfall' ) ) )
		);
	}

	/**
	 * The guest tokens of the person's orders, and the profile that the API answers. All events of a person:
	 * `footfall person show`.
	 */
	public static function export( $email, $page = 1 ) {
		$items  = array();
		$orders = self::orders_of( $email, $page );
		foreach ( $orders as $order ) {
			$guest = (string) $order->get_meta( Footfall_Events::GUEST );
			if ( '' !== $guest ) {
				$items[] = self::item( 'order-' . $order->get_id(), array( __( 'Guest token of order', 'footfall' ) . ' ' . $order->get_order_number() => $guest ) );
			}
		}
		$user = get_user_by( 'email', $email );
		if ( 1 === (int) $page && $user ) {
			$profile = self::profile( (string) $user->ID );
			if ( is_wp_error( $profile ) ) {
				$profile = array( __( 'Not answered by the API, ask for it again', 'footfall' ) => $profile->get_error_message() );
			}
			if ( $profile ) {
				$items[] = self::item( 'user-' . $user->ID, $profile );
			}
		}
		return array(
			'data' => $items,
			'done' => count( $orders ) < self::ORDERS,
		);
	}

	private static function item( $id, array $facts ) {
		$data = array();
		foreach ( $facts as $name => $value ) {
			$data[] = array(
				'name'  => (string) $name,
				'value' => is_scalar( $value ) ? (string) $value : wp_json_encode( $value ),
			);
		}
		return array(
			'group_id'    => 'footfall',
			'group_label' => __( 'What was looked at and bought (Footfall)', 'footfall' ),
			'item_id'     => "footfall-$id",
			'data'        => $data,
		);
	}

	/** @return array|WP_Error The API's profile of a user; empty if it knows nobody, or is not set up. */
	private static function profile( $user ) {
		$key = Footfall_Settings::get( 'secret_key' );
		if ( '' === $key || '' === Footfall_Settings::get( 'api_url' ) ) {
			return array();
		}
		$answer = wp_remote_get(
			Footfall_Settings::get( 'api_url' ) . '/v1/visitors/' . rawurlencode( $user ) . '/profile',
			array(
				'timeout' => 10,
				'headers' => array( 'X-Footfall-Key' => $key ),
			)
		);
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		$status = (int) wp_remote_retrieve_response_code( $answer );
		if ( 404 === $status ) {
			return array();
		}
		$profile = json_decode( wp_remote_retrieve_body( $answer ), true );
		return 200 === $status && is_array( $profile ) ? $profile : new WP_Error( 'footfall', "HTTP $status" );
	}

	/**
	 * Takes the guest tokens out of the person's orders, and asks the collector to have the customer forgotten: the
	 * signed request `customers/redact`, which `footfall person forget --requested` carries out.
	 */
	public static function erase( $email, $page = 1 ) {
		$removed  = false;
		$retained = false;
		$messages = array();
		$tokens   = array();
		$orders = self::orders_of( $email, $page );
		foreach ( $orders as $order ) {
			$token = (string) $order->get_meta( Footfall_Events::GUEST );
			if ( '' !== $token ) {
				$tokens[ $token ] = true;
				$order->delete_meta_data( Footfall_Events::GUEST );
				$order->delete_meta_data( Footfall_Events::CONSENT );
				$order->save_meta_data();
				$removed = true;
			}
		}
		$user = get_user_by( 'email', $email );
		$id   = $user ? (string) $user->ID : '';
		if ( 1 === (int) $page && '' !== $id ) {
			$error = self::ask_to_forget( $id );
			if ( '' === $error ) {
				$removed    = true;
				$messages[] = __( 'Footfall was asked to forget the customer; `footfall person forget --requested` does it.', 'footfall' );
			} else {
				$retained = true;
				/* translators: 1: what went wrong, 2: the customer's number */
				$messages[] = sprintf( __( 'Footfall was not asked to forget the customer (%1$s). On its machine run: footfall person forget --user %2$s', 'footfall' ), $error, $id );
			}
		}
		// A user's own tokens go with the user; the request can name nobody else.
		if ( $tokens && '' === $id ) {
			$retained = true;
			/* translators: 1: the options of the command */
			$messages[] = sprintf( __( 'Orders without an account: on Footfall’s machine run: footfall person forget %1$s', 'footfall' ), implode( ' ', preg_replace( '/^/', '--guest ', array_keys( $tokens ) ) ) );
		}
		return array(
			'items_removed'  => $removed,
			'items_retained' => $retained,
			'messages'       => $messages,
			'done'           => count( $orders ) < self::ORDERS,
		);
	}

	/** @return string What went wrong; '' when the request is on the collector's disk. */
	private static function ask_to_forget( $id ) {
		$secret    = Footfall_Settings::get( 'privacy_secret' );
		$collector = Footfall_Settings::get( 'collector_url' );
		if ( '' === $secret || '' === $collector ) {
			return __( 'no privacy secret is set', 'footfall' );
		}
		$shop   = (string) wp_parse_url( home_url(), PHP_URL_HOST );
		$body   = wp_json_encode(
			array(
				'shop_id'          => get_current_blog_id(),
				'shop_domain'      => $shop,
				'customer'         => array( 'id' => (int) $id ),
				'orders_to_redact' => array(),
			)
		);
		$answer = wp_remote_post(
			"$collector/v1/shopify/webhooks",
			array(
				'timeout'     => 10,
				'redirection' => 0,
				'headers'     => array(
					'Content-Type'          => 'application/json',
					'X-Shopify-Topic'       => 'customers/redact',
					'X-Shopify-Shop-Domain' => $shop,
					'X-Shopify-Hmac-Sha256' => base64_encode( hash_hmac( 'sha256', $body, $secret, true ) ), // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions
				),
				'body'        => $body,
			)
		);
		$error = Footfall_Queue::failure( $answer );
		if ( '' !== $error ) {
			return $error;
		}
		$said  = json_decode( wp_remote_retrieve_body( $answer ), true );
		$taken = empty( $said['rejected'] ) && ( ! empty( $said['accepted'] ) || ! empty( $said['duplicate'] ) );
		return $taken ? '' : __( 'the collector keeps the request as failed', 'footfall' );
	}

	/** @return WC_Order[] */
	private static function orders_of( $email, $page ) {
		if ( ! function_exists( 'wc_get_orders' ) ) {
			return array();
		}
		return wc_get_orders(
			array(
				'type'          => 'shop_order',
				'billing_email' => $email,
				'limit'         => self::ORDERS,
				'page'          => max( 1, (int) $page ),
				'orderby'       => 'ID',
				'order'         => 'ASC',
			)
		);
	}
}
