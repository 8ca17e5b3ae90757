//! A real PostgreSQL for tests, with the schema of deploy/supabase/. It is private: it listens on
//! a socket in a temporary folder only, and is gone with the test process, however that ends.
//!
//! All tests of a process share one server, and each makes a database of its own.

mod server;

use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use ::postgres::{Client, Config, NoTls};
use serde_json::Value;

use server::Server;

/// What an operator runs first.
pub const SCHEMA: &str = include_str!("../../../deploy/supabase/schema.sql");

/// What an operator runs for `sam_write=table`.
pub const TABLE_MODE: &str = include_str!("../../../deploy/supabase/table-mode.sql");

/// What an operator runs for what operators ask.
pub const LOOKUP: &str = include_str!("../../../deploy/supabase/lookup.sql");

/// What an operator runs for signed messages and BlizWork.
pub const MESSAGES: &str = include_str!("../../../deploy/supabase/messages.sql");

/// What an operator runs for Cal.com's bookings.
pub const CAL: &str = include_str!("../../../deploy/supabase/cal.sql");

/// What an operator runs for the history of activity.
pub const ACTIVITY: &str = include_str!("../../../deploy/supabase/activity.sql");

/// Who starts the server, and may do everything.
const SUPERUSER: &str = "supabase_admin";

/// Who runs the files: on Supabase, too, no superuser.
pub const OWNER: &str = "postgres";

/// Who PostgREST connects as.
pub const AUTHENTICATOR: &str = "authenticator";

/// The time zone of the databases. It differs from UTC, and knows no summer time.
pub const TIME_ZONE: &str = "America/Guayaquil";

/// The database that every server has, to make others from.
const FIRST: &str = "postgres";

/// The two databases that the tests' ones are copies of.
const PLAIN: &str = "plain";
const SUPABASE: &str = "supabase";

/// PostgreSQL's own.
const BARE: &str = "template1";

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let server = Server::start(SUPERUSER, TIME_ZONE);
    make_templates(server.folder());
    server
});

/// A database for one test. It is dropped with this.
pub struct Database {
    name: String,
}

impl Database {
    /// PostgreSQL as it comes, with schema.sql.
    pub fn plain() -> Self {
        Self::copy_of(PLAIN)
    }

    /// With the roles and default privileges of Supabase, and then schema.sql.
    pub fn supabase() -> Self {
        Self::copy_of(SUPABASE)
    }

    /// PostgreSQL as it comes, without schema.sql. Roles are the whole server's, and so are there.
    pub fn bare() -> Self {
        Self::copy_of(BARE)
    }

    /// Adds what table-mode.sql allows.
    pub fn in_table_mode(self) -> Self {
        self.connect().batch_execute(TABLE_MODE).expect("it runs");
        self
    }

    /// Adds the functions of lookup.sql.
    pub fn with_lookup(self) -> Self {
        self.connect().batch_execute(LOOKUP).expect("it runs");
        self
    }

    /// Adds the tables of messages.sql.
    pub fn with_messages(self) -> Self {
        self.connect().batch_execute(MESSAGES).expect("it runs");
        self
    }

    /// Adds the table of cal.sql.
    pub fn with_cal(self) -> Self {
        self.connect().batch_execute(CAL).expect("it runs");
        self
    }

    /// The row of this key; null where there is none.
    pub fn row(&self, table: &str, key: &str, value: &str) -> Value {
        let statement = format!("select row_to_json(t)::text from {table} t where {key} = $1");
        let row = self.connect().query_opt(&statement, &[&value]);
        let row = row.expect("a table").map(|row| row.get::<_, String>(0));
        row.map_or(Value::Null, |text| {
            serde_json::from_str(&text).expect("JSON")
        })
    }

    /// Adds the table of activity.sql.
    pub fn with_activity(self) -> Self {
        self.connect().batch_execute(ACTIVITY).expect("it runs");
        self
    }

    /// A connection of the owner of the table.
    pub fn connect(&self) -> Client {
        connect(&self.config(OWNER))
    }

    /// A connection as PostgREST makes it: as `authenticator`, and then in the role of a token.
    pub fn connect_in_role(&self, role: &str) -> Client {
        let mut client = connect(&self.config(AUTHENTICATOR));
        client
            .batch_execute(&format!("set role {role}"))
            .expect("authenticator may become the role");
        client
    }

    /// How `user` gets to the database; it needs no password.
    pub fn config(&self, user: &str) -> Config {
        config(SERVER.folder(), &self.name, user)
    }

    fn copy_of(template: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("{template}_{}", MADE.fetch_add(1, Ordering::Relaxed));
        connect(&config(SERVER.folder(), FIRST, SUPERUSER))
            .batch_execute(&format!(
                "create database {name} template {template} owner {OWNER}"
            ))
            .expect("a database");
        Self { name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // After a failed test too, so this must not panic: the server takes with it what is left.
        let config = config(SERVER.folder(), FIRST, SUPERUSER);
        if let Ok(mut client) = config.connect(NoTls) {
            let _ = client.batch_execute(&format!("drop database {} with (force)", self.name));
        }
    }
}

/// The plain one first: roles are the whole server's, and there schema.sql is to find none of
/// those that Supabase has.
fn make_templates(folder: &Path) {
    let superuser = |database: &str| connect(&config(folder, database, SUPERUSER));
    let owner = |database: &str| connect(&config(folder, database, OWNER));
    superuser(FIRST)
        .batch_execute(&format!("create role {OWNER} login createrole"))
        .expect("an owner");
    for (template, before) in [(PLAIN, ""), (SUPABASE, SUPABASES_ROLES)] {
        superuser(FIRST)
            .batch_execute(&format!("create database {template} owner {OWNER}"))
            .expect("a template");
        superuser(template).batch_execute(before).expect("roles");
        owner(template).batch_execute(SCHEMA).expect("it runs");
    }
}

/// What a Supabase project has before anybody touches it, as far as it matters here.
const SUPABASES_ROLES: &str = "
create role anon nologin;
create role authenticated nologin;
create role service_role nologin bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on tables to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on functions to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on sequences to anon, authenticated, service_role;
";

fn config(folder: &Path, database: &str, user: &str) -> Config {
    let mut config = Config::new();
    config.host_path(folder).dbname(database).user(user);
    config
}

fn connect(config: &Config) -> Client {
    config.connect(NoTls).expect("a connection")
}
