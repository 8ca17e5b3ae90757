//! Every variable of the services before, and what it becomes here: the one place for their names.

use super::public_key;
use super::supabase;
use super::verdict::{self, Verdict};

/// Variables that meant the same.
pub struct Row {
    /// From the newest to the oldest: the services took the first that had a value. One that ends
    /// in `*` is the beginning of names.
    pub names: &'static [&'static str],
    pub becomes: Becomes,
}

pub enum Becomes {
    /// Settings, as this makes them of the value.
    Settings(fn(&str) -> Verdict),
    /// A part of `--listen`.
    Listen(Part),
    /// Nothing but the data API of this kind, which has what the variable says.
    DataApi(&'static str, &'static str),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

/// What a variable says of the address to serve on.
#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    Host,
    Port,
    Both,
}

const THREADS: &str = "hilos, procesos y límites de tiempo los decide el anfitrión (Spin)";
const PUBLIC: &str = "la dirección pública está en la URL que SAM pone en callbackInfo";
const PRIVATE: &str =
    "quien comprueba un JWT no necesita la clave privada: bórrela de este archivo";
const SIGNER: &str = "es de quien firma los JWT, no de quien los comprueba";
const LOG: &str =
    "el registro sale por la salida estándar, una línea JSON por petición: docs/referencia.md";
const SQL: &str = "la conexión la tiene la API de datos (Data API builder), no este servicio; su \
                   dirección es data_api_origin: deploy/azure-sql/README.md";
const DATABASE: &str = "la base de datos se alcanza por su API REST, sin conexión propia: \
                        deploy/supabase/README.md";
const ROLE: &str = "con él se firma el token del rol sam_callback, y no se guarda aquí: \
                    deploy/supabase/README.md, paso 2";
const OTHERS: &str = "es de otro servicio de SAM: se queda allí";

/// In the order in which they are printed; the first row that fits counts.
pub const TABLE: &[Row] = &[
    row(
        &["CALLBACK_TOKEN"],
        Becomes::Settings(verdict::callback_token),
    ),
    row(
        &["CALLBACK_API_KEY"],
        Becomes::Settings(verdict::callback_token),
    ),
    row(
        &["CALLBACK_AUTH_MODO", "CALLBACK_AUTH_MODE"],
        Becomes::Settings(verdict::auth_mode),
    ),
    row(
        &["CALLBACK_ENDPOINT", "CALLBACK_ENDPOINT_PATH"],
        Becomes::Settings(verdict::endpoint_path),
    ),
    row(
        &["JWT_CLAVE_PUBLICA", "JWT_PUBLIC_KEY"],
        Becomes::Settings(public_key::judge),
    ),
    row(&["JWT_ISSUER"], Becomes::Settings(verdict::issuer)),
    row(&["JWT_AUDIENCE"], Becomes::Settings(verdict::audience)),
    row(
        &["WEBHOOK_SECRET"],
        Becomes::Settings(verdict::webhook_secret),
    ),
    row(
        &["CAL_WEBHOOK_SECRET", "CALCOM_WEBHOOK_SECRET", "CAL_SECRET"],
        Becomes::Settings(verdict::cal_secret),
    ),
    row(&["ROOT_PATH"], Becomes::Settings(verdict::root_path)),
    row(
        &["LOG_NIVEL", "LOG_LEVEL"],
        Becomes::Settings(verdict::log_level),
    ),
    row(&["SUPABASE_URL"], Becomes::Settings(supabase::url)),
    row(
        &[
            "SUPABASE_PUBLISHABLE_KEY",
            "SUPABASE_ANON_KEY",
            "SUPABASE_KEY",
        ],
        Becomes::Settings(supabase::key),
    ),
    row(&["GUNICORN_BIND"], Becomes::Listen(Part::Both)),
    row(
        &["CALLBACK_HOST", "CALLBACK_SERVER_HOST"],
        Becomes::Listen(Part::Host),
    ),
    row(&["WEBHOOK_HOST"], Becomes::Listen(Part::Host)),
    row(
        &["CALLBACK_PUERTO", "CALLBACK_PORT", "CALLBACK_SERVER_PORT"],
        Becomes::Listen(Part::Port),
    ),
    row(&["WEBHOOK_PORT"], Becomes::Listen(Part::Port)),
    row(&["PORT"], Becomes::Listen(Part::Port)),
    row(&["SQL_SAM_*"], Becomes::DataApi("dab", SQL)),
    row(&["SUPABASE_JWT_SECRET"], Becomes::Nothing(ROLE)),
    row(
        &["SUPABASE_SERVICE_*", "SUPABASE_SECRET_*"],
        Becomes::Nothing(supabase::NEVER),
    ),
    row(&["SUPABASE_*"], Becomes::Nothing(DATABASE)),
    row(
        &["JWT_CLAVE_PRIVADA", "JWT_PRIVATE_KEY"],
        Becomes::Nothing(PRIVATE),
    ),
    row(
        &["AUTH_SERVER_*", "AUTH_HOST", "AUTH_PUERTO"],
        Becomes::Nothing(SIGNER),
    ),
    row(
        &[
            "CALLBACK_HOST_PUBLICO",
            "CALLBACK_SERVER_PUBLIC_HOST",
            "AA_CALLBACK_URL",
            "AA_URL_CALLBACK",
        ],
        Becomes::Nothing(PUBLIC),
    ),
    row(
        &["CALLBACK_THREADS", "CALLBACK_SERVER_THREADS", "GUNICORN_*"],
        Becomes::Nothing(THREADS),
    ),
    row(
        &["LOG_*", "APP_LOG_*", "CALLBACK_LOG_*"],
        Becomes::Nothing(LOG),
    ),
    row(
        &[
            "AA_*",
            "APIGW_*",
            "API_GATEWAY_*",
            "BALANCEADOR_*",
            "BALANCEO_*",
            "CLOUDERS_*",
            "CONCILIADOR_*",
            "EMAIL_*",
            "INTERFAZ_WEB_*",
            "LANZADOR_*",
            "MAPA_ROBOTS",
            "ROBOTS_MAPA_JSON",
            "SQL_RPA360_*",
        ],
        Becomes::Nothing(OTHERS),
    ),
];

const fn row(names: &'static [&'static str], becomes: Becomes) -> Row {
    Row { names, becomes }
}

impl Row {
    /// Which of its names this is, the newest being 0.
    pub fn rank(&self, name: &str) -> Option<usize> {
        self.names
            .iter()
            .position(|own| match own.strip_suffix('*') {
                Some(beginning) => name.starts_with(beginning),
                None => *own == name,
            })
    }
}
