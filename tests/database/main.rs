//! The SQL of deploy/supabase/ on a real PostgreSQL: `cargo xtask test` installs one and says
//! where it is.

mod activity;
mod cal;
mod callback;
mod concurrency;
mod history;
mod lookup;
mod messages;
mod refusals;
mod rights;
mod rows;
mod schema;
mod table_mode;
mod token;
