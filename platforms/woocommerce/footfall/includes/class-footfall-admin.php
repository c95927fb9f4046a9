<?php
/**
 * The settings page: under WooCommerce, else under Settings.
 */

defined( 'ABSPATH' ) || exit;

class Footfall_Admin {

	const PAGE = 'footfall';

	public static function hooks() {
		add_action( 'admin_menu', array( __CLASS__, 'menu' ), 60 );
		add_action( 'admin_init', array( __CLASS__, 'register' ) );
		add_action( 'admin_post_footfall_now', array( __CLASS__, 'now' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( FOOTFALL_FILE ), array( __CLASS__, 'links' ) );
		add_filter( 'option_page_capability_footfall', array( __CLASS__, 'capability' ) );
	}

	public static function capability() {
		return class_exists( 'WooCommerce' ) ? 'manage_woocommerce' : 'manage_options';
	}

	public static function menu() {
		$parent = class_exists( 'WooCommerce' ) ? 'woocommerce' : 'options-general.php';
		add_submenu_page( $parent, 'Footfall', 'Footfall', self::capability(), self::PAGE, array( __CLASS__, 'page' ) );
	}

	public static function address() {
		return admin_url( 'admin.php?page=' . self::PAGE );
	}

	public static function links( $links ) {
		array_unshift( $links, sprintf( '<a href="%s">%s</a>', esc_url( self::address() ), esc_html__( 'Settings', 'footfall' ) ) );
		return $links;
	}

	/** Name, label and what it is for, of each field. */
	private static function fields() {
		return array(
			'collector_url'   => array( __( 'Collector', 'footfall' ), __( 'Its public address, such as https://events.example-shop.com', 'footfall' ) ),
			'write_key'       => array( __( 'Write key of the pages', 'footfall' ), __( 'Of the entry in write_keys whose origins are this shop’s.', 'footfall' ) ),
			'server_key'      => array( __( 'Write key of the server', 'footfall' ), __( 'Of the entry with trusted = true and origins = []. Sends carts, orders and the catalogue.', 'footfall' ) ),
			'api_url'         => array( __( 'API', 'footfall' ), __( 'Its public address, such as https://recommend.example-shop.com', 'footfall' ) ),
			'public_key'      => array( __( 'Public key of the API', 'footfall' ), __( 'Stands in the pages: fills the recommendation blocks.', 'footfall' ) ),
			'secret_key'      => array( __( 'Secret key of the API', 'footfall' ), __( 'Optional. Adds the profile to exports of personal data.', 'footfall' ) ),
			'identity_secret' => array( __( 'Identity secret', 'footfall' ), __( 'Optional, one of FOOTFALL_IDENTITY_SECRETS. Proves logins: a customer is known on all their devices.', 'footfall' ) ),
			'privacy_secret'  => array( __( 'Privacy secret', 'footfall' ), __( 'Optional, one of FOOTFALL_SHOPIFY_SECRETS. Signs the request to forget a customer.', 'footfall' ) ),
			'consent'         => array( __( 'Consent', 'footfall' ), __( 'granted: nobody is asked. required: nothing before the page calls footfall(\'consent\', true). wp_consent_api: the consent plugin decides.', 'footfall' ) ),
			'catalog'         => array( __( 'Push the catalogue', 'footfall' ), __( 'The whole so often; changes go within minutes. off: nothing is pushed.', 'footfall' ) ),
		);
	}

	public static function register() {
		register_setting(
			'footfall',
			Footfall_Settings::OPTION,
			array(
				'type'              => 'array',
				'sanitize_callback' => array( 'Footfall_Settings', 'sanitize' ),
				'show_in_rest'      => false,
			)
		);
		add_settings_section( 'footfall', '', '__return_null', self::PAGE );
		foreach ( self::fields() as $name => $field ) {
			add_settings_field(
				$name,
				$field[0],
				array( __CLASS__, 'field' ),
				self::PAGE,
				'footfall',
				array(
					'name'      => $name,
					'help'      => $field[1],
					'label_for' => "footfall-$name",
				)
			);
		}
	}

	public static function field( $field ) {
		$name  = $field['name'];
		$value = Footfall_Settings::get( $name );
		$at    = Footfall_Settings::OPTION . "[$name]";
		if ( defined( Footfall_Settings::constant( $name ) ) ) {
			/* translators: 1: a constant */
			printf( '<code>%s</code> ', esc_html( in_array( $name, Footfall_Settings::SECRETS, true ) ? Footfall_Settings::mask( $value ) : $value ) );
			echo esc_html( sprintf( __( 'by %s in wp-config.php', 'footfall' ), Footfall_Settings::constant( $name ) ) );
		} elseif ( 'consent' === $name || 'catalog' === $name ) {
			printf( '<select id="footfall-%s" name="%s">', esc_attr( $name ), esc_attr( $at ) );
			foreach ( 'consent' === $name ? Footfall_Settings::CONSENT : Footfall_Settings::CATALOG as $choice ) {
				printf( '<option%s>%s</option>', selected( $choice, $value, false ), esc_html( $choice ) );
			}
			echo '</select>';
		} elseif ( in_array( $name, Footfall_Settings::SECRETS, true ) ) {
			// The value itself is never written into a page.
			printf(
				'<input type="password" class="regular-text" id="footfall-%s" name="%s" value="" autocomplete="new-password" placeholder="%s">',
				esc_attr( $name ),
				esc_attr( $at ),
				esc_attr( Footfall_Settings::mask( $value ) )
			);
			if ( '' !== $value ) {
				printf( ' <label><input type="checkbox" name="%s" value="1"> %s</label>', esc_attr( Footfall_Settings::OPTION . "[clear][$name]" ), esc_html__( 'remove', 'footfall' ) );
			}
		} else {
			printf( '<input type="%s" class="regular-text" id="footfall-%s" name="%s" value="%s">', '_url' === substr( $name, -4 ) ? 'url' : 'text', esc_attr( $name ), esc_attr( $at ), esc_attr( $value ) );
		}
		printf( '<p class="description">%s</p>', esc_html( $field['help'] ) );
	}

	public static function page() {
		if ( ! current_user_can( self::capability() ) ) {
			return;
		}
		echo '<div class="wrap"><h1>Footfall</h1>';
		settings_errors( Footfall_Settings::OPTION );
		echo '<form method="post" action="options.php">';
		settings_fields( 'footfall' );
		do_settings_sections( self::PAGE );
		submit_button();
		echo '</form>';
		self::status();
		echo '</div>';
	}

	/** Where things stand, and the button that doesn't wait for the cron. */
	private static function status() {
		$queue   = Footfall_Queue::state();
		$catalog = get_option( Footfall_Catalog::STATE, array() );
		$rows    = array(
			__( 'The tag', 'footfall' )               => Footfall_Tag::is_ready() ? __( 'stands in every page', 'footfall' ) : __( 'missing: enter the collector and the pages’ write key', 'footfall' ),
			__( 'Waiting for the collector', 'footfall' ) => (string) Footfall_Queue::waiting(),
			__( 'Last sent', 'footfall' )             => self::moment( $queue['sent_at'] ),
			__( 'Last error', 'footfall' )            => '' === $queue['error'] ? '–' : $queue['error'],
			__( 'Dropped', 'footfall' )               => (string) $queue['dropped'],
			__( 'Catalogue', 'footfall' )             => empty( $catalog['at'] ) ? __( 'not pushed yet', 'footfall' ) : sprintf( '%s: %d, %s', self::moment( $catalog['at'] ), $catalog['number'], '' === $catalog['error'] ? $catalog['mode'] : $catalog['error'] ),
		);
		echo '<h2>' . esc_html__( 'Where things stand', 'footfall' ) . '</h2><table class="widefat striped" style="max-width:60em">';
		foreach ( $rows as $what => $is ) {
			printf( '<tr><th scope="row" style="width:16em">%s</th><td>%s</td></tr>', esc_html( $what ), esc_html( $is ) );
		}
		printf( '</table><form method="post" action="%s"><input type="hidden" name="action" value="footfall_now">', esc_url( admin_url( 'admin-post.php' ) ) );
		wp_nonce_field( 'footfall_now' );
		submit_button( __( 'Send queue and catalogue now', 'footfall' ), 'secondary' );
		echo '</form>';
	}

	private static function moment( $at ) {
		/* translators: 1: a time span such as “5 mins” */
		return $at ? sprintf( __( '%s ago', 'footfall' ), human_time_diff( (int) $at ) ) : '–';
	}

	public static function now() {
		check_admin_referer( 'footfall_now' );
		if ( ! current_user_can( self::capability() ) ) {
			wp_die( esc_html__( 'You may not do this.', 'footfall' ), 403 );
		}
		Footfall_Queue::flush( true );
		if ( class_exists( 'WooCommerce' ) && 'off' !== Footfall_Settings::get( 'catalog' ) ) {
			Footfall_Catalog::push_whole();
		}
		wp_safe_redirect( self::address() );
		exit;
	}
}
