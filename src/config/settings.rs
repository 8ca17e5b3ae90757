//! Every setting there is: declared here, and with its default in `spin.toml`. The table of settings in
//! `docs/referencia.md` is written from both.

macro_rules! settings {
    ($($name:ident = $variable:literal $(, $secret:ident)?: $meaning:literal;)*) => {
        $(pub const $name: &str = $variable;)*

        /// All of them.
        pub const ALL: &[&str] = &[$($variable),*];

        /// Those that hold secrets, which are kept out of the log wherever they stand.
        pub const SECRETS: &[&str] = &[$($(settings!($secret $variable),)?)*];

        /// What each means, for operators.
        #[cfg(test)]
        pub const MEANINGS: &[(&str, &str)] = &[$(($variable, $meaning)),*];
    };
    (secret $variable:literal) => {
        $variable
    };
}

settings! {
    ENVIRONMENT = "environment":
        "`development` hace falta para el modo `none`";
    ROOT_PATH = "root_path":
        "prefijo de todas las rutas: `/sam`, por ejemplo";
    LOG_LEVEL = "log_level":
        "`debug`, `info`, `warn` o `error`: desde qué nivel se escribe";
    MAX_BODY_BYTES = "max_body_bytes":
        "el cuerpo más grande que se admite";
    TRUSTED_PROXIES = "trusted_proxies":
        "cuántos proxies delante agregan a `X-Forwarded-For`";
    FAILED_ATTEMPTS_PER_MINUTE = "failed_attempts_per_minute":
        "intentos fallidos de una dirección en un minuto; después, 429; 0: sin límite";
    CALLBACK_ENDPOINT_PATH = "callback_endpoint_path":
        "una o más rutas del callback, separadas por espacios; también `/`, sin afectar las demás rutas del servicio";
    CALLBACK_AUTH_MODE = "callback_auth_mode":
        "qué credenciales hacen falta: `optional`, una de las dos; `required`, las dos; `strict`, el token; `none`, ninguna";
    CALLBACK_TOKEN = "callback_token", secret:
        "el token estático; varios, separados por espacios, mientras se cambia. [Cómo deben ser](#los-secretos)";
    CALLBACK_TOKEN_HEADERS = "callback_token_headers":
        "las cabeceras en las que puede venir";
    JWT_PUBLIC_KEY = "jwt_public_key":
        "la clave pública de quien firma el JWT: PEM, JWK o JWKS";
    JWT_ISSUER = "jwt_issuer":
        "el valor que debe tener `iss`, si se configura";
    JWT_AUDIENCE = "jwt_audience":
        "el valor que debe incluir `aud`, si se configura";
    JWT_LEEWAY_SECONDS = "jwt_leeway_seconds":
        "cuánto pueden diferir los relojes";
    OUTBOX_MAX_AGE_HOURS = "outbox_max_age_hours":
        "cuánto espera un cambio antes de ser una entrega fallida";
    ADMIN_TOKEN = "admin_token", secret:
        "permite usar `/admin`; varios, separados por espacios; sin él no hay `/admin`";
    OVERDUE_MINUTES = "overdue_minutes":
        "cuántos minutos puede estar activa una ejecución sin callback antes de contar como demorada";
    WEBHOOK_SECRET = "webhook_secret", secret:
        "con qué se firman los mensajes; varios, separados por espacios; sin él se rechazan todos (503)";
    WEBHOOK_TOLERANCE_SECONDS = "webhook_tolerance_seconds":
        "cuánto puede diferir la hora firmada de un mensaje";
    WEBHOOK_RATE_LIMIT_PER_MINUTE = "webhook_rate_limit_per_minute":
        "mensajes de una dirección en un minuto; después, 429; 0: sin límite";
    WEBHOOK_TABLES = "webhook_tables":
        "las tablas de reservas, promociones y usuarios";
    CAL_SECRET = "cal_secret", secret:
        "con qué firma Cal.com sus eventos; varios, separados por espacios; sin él se rechazan todos (503)";
    CAL_TABLE = "cal_table":
        "la tabla de las reservas de Cal.com";
    ACTIVITY_TABLE = "activity_table":
        "la tabla del historial de actividad, con una fila por cada petición de credencial válida; `-`: no se guarda. No con `data_api=embedded`";
    BLIZWORK_API_ORIGIN = "blizwork_api_origin":
        "dónde se comprueban las llamadas de BlizWork";
    BLIZWORK_API_TOKEN = "blizwork_api_token", secret:
        "el token de esa API; sin él y sin la variable siguiente no hay `/blizwork`";
    BLIZWORK_ENDPOINT_URL = "blizwork_endpoint_url":
        "la dirección de `/blizwork` tal como BlizWork la llama";
    BLIZWORK_TOKEN_FIELD = "blizwork_token_field":
        "en qué campos puede venir el token de la llamada, separados por espacios: cuenta el primero que venga";
    BLIZWORK_TABLE = "blizwork_table":
        "la tabla de las llamadas de BlizWork";
    DATA_API = "data_api":
        "dónde están las filas: `embedded` (solo pruebas: SAM no cambia), `dab` o `postgrest`";
    DATA_API_ORIGIN = "data_api_origin":
        "el servidor de la API de datos: esquema, nombre y puerto";
    DATA_API_PATH = "data_api_path":
        "su ruta allí";
    DATA_API_HEADERS = "data_api_headers", secret:
        "objeto JSON con las cabeceras que se le envían";
    DATA_API_TIMEOUT_MS = "data_api_timeout_ms":
        "cuánto puede durar un intento";
    OAUTH_ORIGIN = "oauth_origin":
        "quién emite el token de la API de datos, si esta lo exige";
    OAUTH_PATH = "oauth_path":
        "la ruta donde se pide";
    OAUTH_CLIENT_ID = "oauth_client_id":
        "el identificador de este cliente allí";
    OAUTH_CLIENT_SECRET = "oauth_client_secret", secret:
        "y su secreto";
    OAUTH_SCOPE = "oauth_scope":
        "para qué se pide el token";
    SAM_WRITE = "sam_write":
        "`procedure`: decide la base de datos; `table`: si no hay procedimiento";
    SAM_PROCEDURE = "sam_procedure":
        "cómo se llama el procedimiento";
    SAM_TABLE = "sam_table":
        "cómo se llama la tabla";
    SAM_COLUMNS = "sam_columns":
        "cómo se llaman sus columnas, en este orden; `-` omite una";
    SAM_FINAL_STATES = "sam_final_states":
        "todos los estados finales: una fila que tiene uno ya no cambia. Se usan con `sam_write=table` y con `embedded`; con `procedure` decide la lista de la base de datos (en `deploy/`), y esta solo sirve para el aviso `unknown_state`";
    SAM_OVERDUE_PROCEDURE = "sam_overdue_procedure":
        "qué procedimiento dice qué ejecuciones siguen activas demasiado tiempo sin callback; `-`: no hay ninguno";
    SAM_LOOKUP_PROCEDURE = "sam_lookup_procedure":
        "qué procedimiento muestra la fila de una ejecución a los operadores; `-`: no hay ninguno. Con `sam_write=table` se lee la tabla";
    SAM_UTC_OFFSET = "sam_utc_offset":
        "la hora local de la base de datos, para las fechas que pone el servicio";
}
