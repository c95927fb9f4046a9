<?php
/**
 * Carts, orders and refunds, told by the server: no blocker and no closed page loses them.
 *
 * A visitor is named by the cookie `_ff_guest`, which exists only where the pixel may store. Nobody's name, address,
 * e-mail or note is read.
 */

defined( 'ABSPATH' ) || exit;

class Footfall_Events {

	const GUEST   = '_footfall_guest';
	const CONSENT = '_footfall_consent';
	const SENT    = '_footfall_sent';

	/** Rows of one message: the collector takes 32 KB. */
	const ROOM = 28000;

	private static $cart_changed = false;

	public static function hooks() {
		// What the checkout's request knows of the visitor: the classic one and the blocks' one.
		add_action( 'woocommerce_checkout_create_order', array( __CLASS__, 'remember_visitor' ) );
		add_action( 'woocommerce_store_api_checkout_update_order_meta', array( __CLASS__, 'remember_visitor' ) );
		foreach ( array( 'woocommerce_payment_complete', 'woocommerce_order_status_processing', 'woocommerce_order_status_completed' ) as $paid ) {
			add_action( $paid, array( __CLASS__, 'order_paid' ) );
		}
		add_action( 'woocommerce_order_refunded', array( __CLASS__, 'order_refunded' ), 10, 2 );
		foreach ( array( 'woocommerce_add_to_cart', 'woocommerce_cart_item_removed', 'woocommerce_cart_item_restored', 'woocommerce_after_cart_item_quantity_update' ) as $changed ) {
			add_action( $changed, array( __CLASS__, 'cart_changed' ), 99, 0 );
		}
		add_action( 'shutdown', array( __CLASS__, 'tell_cart' ), 5 );
	}

	/** The visitor's guest token, '' if there is none or it is no token of the pixel. */
	public static function guest() {
		$said = isset( $_COOKIE['_ff_guest'] ) && is_string( $_COOKIE['_ff_guest'] ) ? $_COOKIE['_ff_guest'] : ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput
		return preg_match( '/^[A-Za-z0-9_-]{32,64}$/', $said ) ? $said : '';
	}

	/** What the request says of consent (`context.consent`). */
	private static function consent() {
		$gpc = isset( $_SERVER['HTTP_SEC_GPC'] ) && '1' === $_SERVER['HTTP_SEC_GPC'];
		return array(
			'analytics' => true,
			'marketing' => $gpc ? false : null,
			'gpc'       => $gpc,
		);
	}

	/** Whether a user id may be told without the cookie: only where nobody has to be asked. */
	private static function may_name_users() {
		return 'granted' === Footfall_Settings::get( 'consent' );
	}

	/** @param WC_Order $order The order that is being made; WooCommerce saves it. */
	public static function remember_visitor( $order ) {
		self::safely(
			function () use ( $order ) {
				$guest = self::guest();
				if ( '' !== $guest ) {
					$order->update_meta_data( self::GUEST, $guest );
					$order->update_meta_data( self::CONSENT, self::consent() );
				}
			}
		);
	}

	public static function order_paid( $order_id ) {
		self::safely(
			function () use ( $order_id ) {
				$order = wc_get_order( $order_id );
				if ( $order && 'shop_order' === $order->get_type() ) {
					self::tell_order( $order );
				}
			}
		);
	}

	/**
	 * `Order Completed`, once.
	 *
	 * @param WC_Order $order A paid order.
	 * @return bool Whether it was queued now.
	 */
	public static function tell_order( $order ) {
		if ( '' !== (string) $order->get_meta( self::SENT ) ) {
			return false;
		}
		$queued = true;
		foreach ( self::order_messages( $order ) as $message ) {
			$queued = Footfall_Queue::add( $message, true ) && $queued;
		}
		if ( $queued ) {
			$order->update_meta_data( self::SENT, gmdate( 'c' ) );
			$order->save_meta_data();
		}
		return $queued;
	}

	public static function order_refunded( $order_id, $refund_id ) {
		self::safely(
			function () use ( $order_id, $refund_id ) {
				$order  = wc_get_order( $order_id );
				$refund = wc_get_order( $refund_id );
				// An order that was never told has nothing to take back.
				if ( $order && $refund && '' !== (string) $order->get_meta( self::SENT ) ) {
					foreach ( self::refund_messages( $order, $refund ) as $message ) {
						Footfall_Queue::add( $message, true );
					}
				}
			}
		);
	}

	/**
	 * @param WC_Order $order An order.
	 * @return array[] One message, or several where its lines need more than 32 KB.
	 */
	public static function order_messages( $order ) {
		$number  = (string) $order->get_order_number();
		$guest   = (string) $order->get_meta( self::GUEST );
		$consent = $order->get_meta( self::CONSENT );
		$user    = (int) $order->get_customer_id();
		$message = array(
			'messageId'   => "woocommerce-order-$number",
			'type'        => 'track',
			'event'       => 'Order Completed',
			'anonymousId' => '' === $guest ? "order-$number" : $guest,
			'timestamp'   => self::time( $order->get_date_created() ),
		);
		if ( $user && ( '' !== $guest || self::may_name_users() ) ) {
			$message['userId'] = (string) $user;
		}
		if ( is_array( $consent ) ) {
			$message['context'] = array( 'consent' => $consent );
		}
		$message['properties'] = array_filter(
			array(
				'order_id' => $number,
				'value'    => self::number( $order->get_total() ),
				'currency' => $order->get_currency(),
				'tax'      => self::number( $order->get_total_tax() ),
				'shipping' => self::number( $order->get_shipping_total() ),
				'discount' => self::number( $order->get_total_discount() ),
				'coupon'   => implode( ',', $order->get_coupon_codes() ),
			),
			array( __CLASS__, 'is_said' )
		);
		return self::in_parts( $message, self::lines( $order ) );
	}

	/** @return array[] `Order Refunded`: the warehouse gives it to the order's buyer. */
	public static function refund_messages( $order, $refund ) {
		$number = (string) $order->get_order_number();
		return self::in_parts(
			array(
				'messageId'   => 'woocommerce-refund-' . $refund->get_id(),
				'type'        => 'track',
				'event'       => 'Order Refunded',
				'anonymousId' => "order-$number",
				'timestamp'   => self::time( $refund->get_date_created() ),
				'properties'  => array(
					'order_id'  => $number,
					'refund_id' => (string) $refund->get_id(),
					'value'     => self::number( abs( (float) $refund->get_amount() ) ),
					'currency'  => $refund->get_currency(),
				),
			),
			self::lines( $refund )
		);
	}

	/** What was bought, or came back: `price` is what was paid for one, with tax, after the line's discounts. */
	private static function lines( $order ) {
		$lines = array();
		foreach ( $order->get_items() as $item ) {
			$quantity = abs( (float) $item->get_quantity() );
			if ( ! $quantity ) {
				continue; // A refund of money alone leaves the goods where they are.
			}
			$product = $item->get_product();
			$paid    = abs( (float) $item->get_total() + (float) $item->get_total_tax() ) / $quantity;
			$listed  = abs( (float) $item->get_subtotal() + (float) $item->get_subtotal_tax() ) / $quantity;
			$lines[] = array_filter(
				array(
					'line_number' => count( $lines ) + 1,
					'product_id'  => $item->get_product_id() ? (string) $item->get_product_id() : null,
					'variant_id'  => $item->get_variation_id() ? (string) $item->get_variation_id() : null,
					'name'        => $item->get_name(),
					'sku'         => $product ? $product->get_sku() : null,
					'price'       => self::number( $paid ),
					'list_price'  => self::number( $listed ) === self::number( $paid ) ? null : self::number( $listed ),
					'quantity'    => self::whole( $quantity ),
				),
				array( __CLASS__, 'is_said' )
			);
		}
		return $lines;
	}

	public static function cart_changed() {
		self::$cart_changed = true;
	}

	/**
	 * `Cart Updated`: all that is in the cart after this request. The pixel tells each click on it (`Product Added`);
	 * both under one name would count twice.
	 */
	public static function tell_cart() {
		if ( ! self::$cart_changed ) {
			return;
		}
		self::$cart_changed = false;
		self::safely(
			function () {
				$guest = self::guest();
				$cart  = WC()->cart;
				if ( '' === $guest || ! $cart ) {
					return;
				}
				$message = array(
					'messageId'   => wp_generate_uuid4(),
					'type'        => 'track',
					'event'       => 'Cart Updated',
					'anonymousId' => $guest,
					'timestamp'   => gmdate( 'Y-m-d\TH:i:s\Z' ),
					'context'     => array( 'consent' => self::consent() ),
					'properties'  => array(
						'value'    => self::number( $cart->get_cart_contents_total() + $cart->get_cart_contents_tax() ),
						'currency' => get_woocommerce_currency(),
					),
				);
				if ( get_current_user_id() ) {
					$message['userId'] = (string) get_current_user_id();
				}
				foreach ( self::in_parts( $message, self::cart_lines( $cart ) ) as $part ) {
					Footfall_Queue::add( $part, false );
				}
			}
		);
	}

	private static function cart_lines( $cart ) {
		$lines = array();
		foreach ( $cart->get_cart() as $item ) {
			$product = isset( $item['data'] ) ? $item['data'] : null;
			if ( ! $product instanceof WC_Product ) {
				continue;
			}
			$lines[] = array_filter(
				array(
					'line_number' => count( $lines ) + 1,
					'product_id'  => (string) $item['product_id'],
					'variant_id'  => empty( $item['variation_id'] ) ? null : (string) $item['variation_id'],
					'name'        => $product->get_name(),
					'sku'         => $product->get_sku(),
					'price'       => self::number( wc_get_price_to_display( $product ) ),
					'quantity'    => self::whole( (float) $item['quantity'] ),
				),
				array( __CLASS__, 'is_said' )
			);
		}
		return $lines;
	}

	/** One message with the rows as its products, or as many as stay under 32 KB each; ids end with the part's number. */
	private static function in_parts( array $message, array $rows ) {
		$groups = array( array() );
		$bytes  = 0;
		foreach ( $rows as $row ) {
			$size = strlen( (string) wp_json_encode( $row, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE ) ) + 1;
			if ( $groups[ count( $groups ) - 1 ] && $bytes + $size > self::ROOM ) {
				$groups[] = array();
				$bytes    = 0;
			}
			$groups[ count( $groups ) - 1 ][] = $row;
			$bytes                           += $size;
		}
		$parts = array();
		foreach ( $groups as $at => $group ) {
			$part                           = $message;
			$part['properties']['products'] = $group;
			if ( count( $groups ) > 1 ) {
				$part['messageId']           .= $at ? '-' . ( $at + 1 ) : '';
				$part['properties']['part']   = $at + 1;
				$part['properties']['parts']  = count( $groups );
			}
			$parts[] = $part;
		}
		return $parts;
	}

	/** @param mixed $amount An amount of money; four digits, as the warehouse keeps. */
	private static function number( $amount ) {
		return round( (float) $amount, 4 );
	}

	private static function whole( $quantity ) {
		return floor( $quantity ) === $quantity ? (int) $quantity : $quantity;
	}

	private static function time( $date ) {
		return gmdate( 'Y-m-d\TH:i:s\Z', $date ? $date->getTimestamp() : time() );
	}

	public static function is_said( $value ) {
		return null !== $value && '' !== $value;
	}

	/** Nothing of ours stops a checkout: what fails is logged. */
	private static function safely( callable $act ) {
		try {
			$act();
		} catch ( Throwable $error ) {
			Footfall_Queue::log( get_class( $error ) . ': ' . $error->getMessage() . ' at ' . $error->getFile() . ':' . $error->getLine() );
		}
	}
}
