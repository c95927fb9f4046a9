<?php
/**
 * The settings: one option, each value replaceable by a constant of wp-config.php.
 */

defined( 'ABSPATH' ) || exit;

class Footfall_Settings {

	const OPTION = 'footfall_settings';

	/** What never leaves the server, and is shown by its last four characters only. */
	const SECRETS = array( 'server_key', 'secret_key', 'identity_secret', 'privacy_secret' );

	const CONSENT = array( 'granted', 'required', 'wp_consent_api' );

	const CATALOG = array( 'off', 'hourly', 'daily' );

	const DEFAULTS = array(
		'collector_url'   => '',
		'api_url'         => '',
		'write_key'       => '',
		'server_key'      => '',
		'public_key'      => '',
		'secret_key'      => '',
		'identity_secret' => '',
		'privacy_secret'  => '',
		'consent'         => 'granted',
		'catalog'         => 'hourly',
	);

	/**
	 * A setting. FOOTFALL_SERVER_KEY in wp-config.php wins over what the database says, and so on for each name.
	 *
	 * @param string $name A key of DEFAULTS.
	 * @return string
	 */
	public static function get( $name ) {
		$constant = self::constant( $name );
		if ( defined( $constant ) ) {
			return (string) constant( $constant );
		}
		$stored = get_option( self::OPTION, array() );
		return (string) ( is_array( $stored ) && isset( $stored[ $name ] ) ? $stored[ $name ] : self::DEFAULTS[ $name ] );
	}

	/** The constant that replaces a setting. */
	public static function constant( $name ) {
		return 'FOOTFALL_' . strtoupper( $name );
	}

	/** `••••1a2b`: enough to tell two keys apart, too little to use one. */
	public static function mask( $secret ) {
		if ( '' === $secret ) {
			return '';
		}
		return '••••' . ( strlen( $secret ) >= 12 ? substr( $secret, -4 ) : '' );
	}

	/**
	 * What the form sent, checked. A field that is wrong keeps its old value and says why.
	 *
	 * @param mixed $sent The form's fields; a secret left empty stays, one named in `clear` goes.
	 * @return array
	 */
	public static function sanitize( $sent ) {
		$old   = get_option( self::OPTION, array() );
		$new   = array_merge( self::DEFAULTS, is_array( $old ) ? $old : array() );
		$sent  = is_array( $sent ) ? $sent : array();
		$clear = isset( $sent['clear'] ) && is_array( $sent['clear'] ) ? $sent['clear'] : array();
		foreach ( array_keys( self::DEFAULTS ) as $name ) {
			$value = isset( $sent[ $name ] ) && is_scalar( $sent[ $name ] ) ? trim( (string) $sent[ $name ] ) : null;
			if ( in_array( $name, self::SECRETS, true ) ) {
				if ( ! empty( $clear[ $name ] ) ) {
					$new[ $name ] = '';
					continue;
				}
				if ( null === $value || '' === $value ) {
					continue;
				}
			}
			if ( null === $value ) {
				continue;
			}
			$problem = self::problem( $name, $value );
			if ( '' !== $problem ) {
				add_settings_error( self::OPTION, $name, $problem );
				continue;
			}
			$new[ $name ] = '_url' === substr( $name, -4 ) ? untrailingslashit( $value ) : $value;
		}
		return array_intersect_key( $new, self::DEFAULTS );
	}

	/** Why a value can't be taken, and what to enter instead; '' if it can. */
	private static function problem( $name, $value ) {
		if ( '_url' === substr( $name, -4 ) ) {
			$parts = '' === $value ? array() : wp_parse_url( $value );
			$good  = '' === $value || ( is_array( $parts ) && ! empty( $parts['host'] ) && isset( $parts['scheme'] )
				&& in_array( $parts['scheme'], array( 'http', 'https' ), true )
				&& ! isset( $parts['query'] ) && ! isset( $parts['fragment'] ) && ! isset( $parts['user'] ) );
			/* translators: 1: what was entered */
			return $good ? '' : sprintf( __( '“%1$s” is no address: enter one such as https://events.example-shop.com', 'footfall' ), $value );
		}
		if ( 'consent' === $name || 'catalog' === $name ) {
			$choices = 'consent' === $name ? self::CONSENT : self::CATALOG;
			/* translators: 1: the setting, 2: its choices */
			return in_array( $value, $choices, true ) ? '' : sprintf( __( '%1$s is one of %2$s', 'footfall' ), $name, implode( ', ', $choices ) );
		}
		// Printable ASCII: what an HTTP header and an attribute carry unchanged.
		/* translators: 1: the setting */
		return preg_match( '/^[\x21-\x7e]{0,255}$/', $value ) ? '' : sprintf( __( '%1$s: copy the key as it stands in footfall.toml, without blanks', 'footfall' ), $name );
	}
}
