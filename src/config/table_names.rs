//! What an installation calls the tables of the sources, and of the history of activity.

use super::data_api::{DataApiSettings, Table};
use super::error::SettingError;
use super::reader::Reader;
use super::{Noted, parse, settings};

/// Tables that `webhook_tables` names.
pub const WEBHOOK_TABLES: &[&str] = &["reservas", "promos", "usuarios"];

/// The table that `cal_table` names.
pub const CAL_TABLE: &[&str] = &["reservas_cal"];

/// The table that `blizwork_table` names.
pub const BLIZWORK_TABLE: &[&str] = &["eventos_blizwork"];

/// The table that `activity_table` names.
pub const ACTIVITY_TABLE: &str = "actividad";

/// What an installation calls tables, by their names here.
#[derive(Debug, Clone, Default)]
pub struct TableNames(Vec<(&'static str, Option<String>)>);

impl TableNames {
    /// The names that settings give to `entities`, in this order; all are unknown where they are
    /// wrong.
    pub fn read(
        &mut self,
        reader: &mut Reader,
        setting: &'static str,
        entities: &'static [&'static str],
    ) -> bool {
        let names = reader.read(setting, |value| parse::identifiers(value, entities.len()));
        let is_right = names.is_ok();
        let names = names.map_or(vec![None; entities.len()], |names| {
            names.into_iter().map(Some).collect()
        });
        self.0.extend(entities.iter().copied().zip(names));
        is_right
    }

    /// Reads what the table of the history of activity is called; says whether there is to be one.
    pub fn read_activity(
        &mut self,
        reader: &mut Reader,
        data_api: &Result<DataApiSettings, Noted>,
    ) -> bool {
        let name = reader.read(settings::ACTIVITY_TABLE, |value| match value {
            "-" => Ok(None),
            name => parse::identifier(name).map(Some),
        });
        let Ok(Some(name)) = name else {
            return false;
        };
        let has_tables = match data_api {
            Ok(data_api) => data_api.has_tables(),
            // That is a problem of its own.
            Err(Noted) => true,
        };
        if !has_tables {
            let what = "hace falta una base de datos: con este data_api nadie leería sus filas. \
                        Ponga «-», o data_api=dab o postgrest";
            reader.problem(settings::ACTIVITY_TABLE, SettingError::new(what));
            return false;
        }
        self.0.push((ACTIVITY_TABLE, Some(name)));
        true
    }

    /// The table of this name, as it is called here; `None` where the setting that says so is wrong.
    pub fn table(&self, entity: &str) -> Option<Table> {
        let named = self.0.iter().find(|(name, _)| *name == entity);
        let name = named.map_or_else(|| Some(entity.to_owned()), |(_, name)| name.clone());
        name.map(Table::plain)
    }
}
