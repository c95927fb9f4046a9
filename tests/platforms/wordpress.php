<?php
/**
 * As much of WordPress and WooCommerce as the plugin calls, for PHP's command line: hooks, options, a database in
 * SQLite, HTTP that really goes out, orders made of the payloads that WooCommerce documents for its REST API.
 *
 * Usage: php wordpress.php '{"settings": {...}, "acts": [["order_paid", {...}], ...], "cookie": ..., "user": 0}'
 * Prints one JSON object: what each act returned, and what stands at the end.
 */

error_reporting( E_ALL );
set_error_handler( // A notice is a failure: shops show them to visitors.
	function ( $level, $text, $file, $line ) {
		throw new ErrorException( $text, 0, $level, $file, $line );
	}
);

define( 'ABSPATH', __DIR__ . '/' );
$GLOBALS['wanted']   = json_decode( $argv[1], true );
$GLOBALS['hooks']    = array();
$GLOBALS['options']  = array( 'footfall_settings' => $GLOBALS['wanted']['settings'] );
$GLOBALS['errors']   = array();
$GLOBALS['log']      = array();
$GLOBALS['orders']   = array();
$GLOBALS['schedule'] = array();
$GLOBALS['user']     = $GLOBALS['wanted']['user'] ?? 0;
if ( isset( $GLOBALS['wanted']['cookie'] ) ) {
	$_COOKIE['_ff_guest'] = $GLOBALS['wanted']['cookie'];
}
if ( isset( $GLOBALS['wanted']['gpc'] ) ) {
	$_SERVER['HTTP_SEC_GPC'] = $GLOBALS['wanted']['gpc'];
}

// Hooks.
function add_filter( $name, $callback, $priority = 10, $takes = 1 ) {
	$GLOBALS['hooks'][ $name ][ $priority ][] = array( $callback, $takes );
	ksort( $GLOBALS['hooks'][ $name ] );
}
function add_action( $name, $callback, $priority = 10, $takes = 1 ) {
	add_filter( $name, $callback, $priority, $takes );
}
function apply_filters( $name, $value, ...$more ) {
	foreach ( $GLOBALS['hooks'][ $name ] ?? array() as $callbacks ) {
		foreach ( $callbacks as [ $callback, $takes ] ) {
			$value = $callback( ...array_slice( array( $value, ...$more ), 0, $takes ) );
		}
	}
	return $value;
}
function do_action( $name, ...$given ) {
	foreach ( $GLOBALS['hooks'][ $name ] ?? array() as $callbacks ) {
		foreach ( $callbacks as [ $callback, $takes ] ) {
			$callback( ...array_slice( $given, 0, $takes ) );
		}
	}
}
function register_activation_hook( $file, $callback ) {}
function register_deactivation_hook( $file, $callback ) {}
function plugin_basename( $file ) {
	return basename( dirname( $file ) ) . '/' . basename( $file );
}
function plugins_url( $path, $file ) {
	return "https://loom.example/wp-content/plugins/footfall/$path";
}

// Options and cron.
function get_option( $name, $default = false ) {
	return $GLOBALS['options'][ $name ] ?? $default;
}
function update_option( $name, $value, $autoload = null ) {
	$GLOBALS['options'][ $name ] = $value;
	return true;
}
function delete_option( $name ) {
	unset( $GLOBALS['options'][ $name ] );
}
function wp_next_scheduled( $hook ) {
	return $GLOBALS['schedule'][ $hook ] ?? false;
}
function wp_get_schedule( $hook ) {
	return isset( $GLOBALS['schedule'][ $hook ] ) ? ( $GLOBALS['every'][ $hook ] ?? false ) : false;
}
function wp_schedule_event( $at, $every, $hook ) {
	$GLOBALS['schedule'][ $hook ] = $at;
	$GLOBALS['every'][ $hook ]    = $every;
}
function wp_schedule_single_event( $at, $hook ) {
	$GLOBALS['schedule'][ $hook ] = $at;
}
function wp_clear_scheduled_hook( $hook ) {
	unset( $GLOBALS['schedule'][ $hook ] );
}

// Texts.
function __( $text, $domain = '' ) {
	return $text;
}
function esc_attr( $text ) {
	return htmlspecialchars( (string) $text, ENT_QUOTES );
}
function esc_html( $text ) {
	return esc_attr( $text );
}
function wp_json_encode( $value, $flags = 0 ) {
	return json_encode( $value, $flags );
}
function untrailingslashit( $text ) {
	return rtrim( $text, '/' );
}
function wp_strip_all_tags( $text ) {
	return strip_tags( $text );
}
function wp_parse_url( $url, $part = -1 ) {
	return parse_url( $url, $part );
}
function wp_generate_uuid4() {
	return vsprintf( '%s%s-%s-4%s-a%s-%s%s%s', str_split( bin2hex( random_bytes( 15 ) ) . 'ab', 4 ) );
}
function add_settings_error( $setting, $code, $text ) {
	$GLOBALS['errors'][ $code ] = $text;
}
function attributes( array $given ) {
	$written = '';
	foreach ( $given as $name => $value ) {
		$written .= true === $value ? " $name" : sprintf( ' %s="%s"', $name, esc_attr( $value ) );
	}
	return $written;
}
function wp_print_script_tag( $given ) {
	echo '<script', attributes( $given ), "></script>\n";
}
function wp_print_inline_script_tag( $script ) {
	echo "<script>\n$script\n</script>\n";
}
function home_url() {
	return 'https://loom.example';
}
function get_current_blog_id() {
	return 1;
}

// HTTP, for real.
class WP_Error {
	private $text;
	public function __construct( $code, $text ) {
		$this->text = $text;
	}
	public function get_error_message() {
		return $this->text;
	}
}
function is_wp_error( $thing ) {
	return $thing instanceof WP_Error;
}
function wp_remote_request( $method, $url, $given ) {
	$headers = '';
	foreach ( $given['headers'] as $name => $value ) {
		$headers .= "$name: $value\r\n";
	}
	$context = stream_context_create(
		array(
			'http' => array(
				'method'        => $method,
				'header'        => $headers . "Connection: close\r\n",
				'content'       => $given['body'] ?? '',
				'timeout'       => $given['timeout'],
				'ignore_errors' => true,
			),
		)
	);
	try {
		$body = file_get_contents( $url, false, $context );
	} catch ( ErrorException $error ) {
		return new WP_Error( 'http', $error->getMessage() );
	}
	$answer = array( 'body' => $body );
	foreach ( $http_response_header as $line ) {
		if ( preg_match( '/^HTTP\S* (\d+)/', $line, $found ) ) {
			$answer['status'] = (int) $found[1];
		} elseif ( preg_match( '/^retry-after: *(.*)$/i', $line, $found ) ) {
			$answer['retry-after'] = $found[1];
		}
	}
	return $answer;
}
function wp_remote_post( $url, $given ) {
	return wp_remote_request( 'POST', $url, $given );
}
function wp_remote_get( $url, $given ) {
	return wp_remote_request( 'GET', $url, $given );
}
function wp_remote_retrieve_response_code( $answer ) {
	return $answer['status'];
}
function wp_remote_retrieve_body( $answer ) {
	return $answer['body'];
}
function wp_remote_retrieve_header( $answer, $name ) {
	return $answer[ $name ] ?? '';
}

// The database: the SQL that the plugin writes for MySQL is run by SQLite.
class Database {
	public $prefix     = 'wp_';
	public $last_error = '';
	public $pdo;
	public $postmeta = 'wp_postmeta';
	public function __construct() {
		$this->pdo = new PDO( 'sqlite::memory:', null, null, array( PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION ) );
		$this->pdo->sqliteCreateFunction( 'GET_LOCK', fn() => 1 );
		$this->pdo->sqliteCreateFunction( 'RELEASE_LOCK', fn() => 1 );
		$this->pdo->exec( 'CREATE TABLE wp_footfall_queue (id INTEGER PRIMARY KEY AUTOINCREMENT, is_order INTEGER NOT NULL, body TEXT NOT NULL)' );
	}
	public function prepare( $sql, ...$given ) {
		return vsprintf( $sql, array_map( fn( $one ) => is_int( $one ) ? $one : $this->pdo->quote( $one ), $given ) );
	}
	public function insert( $table, $row ) {
		try {
			$names = implode( ',', array_keys( $row ) );
			$marks = implode( ',', array_fill( 0, count( $row ), '?' ) );
			return $this->pdo->prepare( "INSERT INTO $table ($names) VALUES ($marks)" )->execute( array_values( $row ) ) ? 1 : false;
		} catch ( PDOException $error ) {
			$this->last_error = $error->getMessage();
			return false;
		}
	}
	public function get_var( $sql ) {
		return $this->pdo->query( $sql )->fetchColumn();
	}
	public function get_results( $sql ) {
		return $this->pdo->query( $sql )->fetchAll( PDO::FETCH_OBJ );
	}
	public function query( $sql ) {
		return stripos( $sql, 'select' ) === 0 ? 1 : $this->pdo->exec( $sql );
	}
	public function get_charset_collate() {
		return '';
	}
}
$wpdb = new Database();

// People.
function get_current_user_id() {
	return $GLOBALS['user'];
}
function get_user_by( $field, $email ) {
	$id = $GLOBALS['wanted']['users'][ $email ] ?? 0;
	return $id ? (object) array( 'ID' => $id ) : false;
}

// Shortcodes and blocks.
function add_shortcode( $name, $callback ) {
	$GLOBALS['shortcodes'][ $name ] = $callback;
}
function shortcode_atts( $known, $given, $name ) {
	return array_merge( $known, array_intersect_key( $given, $known ) );
}
function do_shortcode( $text ) {
	return $text;
}

require __DIR__ . '/woocommerce.php';
require dirname( __DIR__, 2 ) . '/platforms/woocommerce/footfall/footfall.php';
do_action( 'plugins_loaded' );
$answers = array();
foreach ( $GLOBALS['wanted']['acts'] as $act ) {
	$answers[] = call_user_func_array( "act_{$act[0]}", array_slice( $act, 1 ) );
}
echo json_encode(
	array(
		'answers'  => $answers,
		'queue'    => array_map( fn( $row ) => json_decode( $row->body, true ), $wpdb->get_results( 'SELECT body FROM wp_footfall_queue ORDER BY id' ) ),
		'options'  => $GLOBALS['options'],
		'errors'   => $GLOBALS['errors'],
		'log'      => $GLOBALS['log'],
		'schedule' => array_keys( $GLOBALS['schedule'] ),
	)
);
