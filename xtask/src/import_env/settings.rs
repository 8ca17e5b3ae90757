//! The variables of the file, each put where the table says, and what they mean together.

use crate::listen::Listen;

use super::address::Address;
use super::read::{Contents, Variable};
use super::table::{Becomes, Row, TABLE};
use super::verdict::Verdict;

/// Settings whose values nobody is to see.
pub const SECRET: [&str; 4] = [
    "callback_token",
    "cal_secret",
    "data_api_headers",
    "webhook_secret",
];

/// What a file amounts to.
#[derive(Debug, Default)]
pub struct Import {
    settings: Vec<Setting>,
    /// The address to serve on, and the variables that have it.
    pub listen: Option<(Listen, Vec<String>)>,
    /// Variables that become nothing here, and why.
    pub without_place: Vec<(Vec<String>, String)>,
    /// What has to be put right by hand: where it is, and what is wrong.
    pub to_mend: Vec<(String, String)>,
}

/// A setting of this service.
#[derive(Debug, PartialEq)]
pub struct Setting {
    pub name: &'static str,
    pub value: String,
    /// The variables that it comes from; there may be none.
    pub from: Vec<String>,
    pub note: Option<&'static str>,
}

const UNTIL_IT_IS_THERE: &str = "mientras data_api_origin no apunte a esa API, los callbacks esperan en \
                                 la bandeja de salida";

/// Puts each variable where it belongs.
pub fn import(contents: Contents) -> Import {
    let mut import = Import::default();
    let mut rows = sorted(contents, &mut import);
    let mut address = Address::default();
    for (row, variables) in TABLE.iter().zip(&mut rows) {
        if variables.is_empty() {
            continue;
        }
        match row.becomes {
            Becomes::Settings(judge) => import.judge(row, variables, judge),
            Becomes::Listen(part) => {
                let newest = row.newest(variables);
                let used = address.add(part, newest);
                let others = variables.iter().filter(|own| own.name != used);
                import.pass_over(&others.collect::<Vec<_>>(), &used);
            }
            Becomes::DataApi(kind, why) => {
                let from = [row.names[0].to_owned()];
                import.set("data_api", kind.to_owned(), &from, Some(UNTIL_IT_IS_THERE));
                import.leave_out(variables, why);
            }
            Becomes::Nothing(why) => import.leave_out(variables, why),
        }
    }
    import.listen(address);
    import.check_together();
    import
}

/// The variables of each row. Those of no row, and lines that could not be read, are noted.
fn sorted(contents: Contents, import: &mut Import) -> Vec<Vec<Variable>> {
    let mut rows: Vec<Vec<Variable>> = TABLE.iter().map(|_| Vec::new()).collect();
    let (mut empty, mut unknown) = (Vec::new(), Vec::new());
    for mut variable in contents.variables {
        variable.value = variable.value.trim().to_owned();
        let row = TABLE
            .iter()
            .position(|row| row.rank(&variable.name).is_some());
        match row {
            Some(_) if variable.value.is_empty() => empty.push(variable.name),
            Some(row) => {
                // Of a name that is set twice the last counts, as it did.
                rows[row].retain(|own| own.name != variable.name);
                rows[row].push(variable);
            }
            None if is_name(&variable.name) => unknown.push(variable.name),
            // It may be a line of a key that stands without quotes.
            None => import.mend(
                format!("línea {}", variable.line),
                "lo que está antes de «=» no es el nombre de una variable, y no se muestra",
            ),
        }
    }
    for (names, why) in [
        (empty, "está vacía"),
        (
            unknown,
            "no es de ninguno de los servicios que este sustituye",
        ),
    ] {
        if !names.is_empty() {
            import.without_place.push((names, why.to_owned()));
        }
    }
    for line in contents.unread {
        import.mend(
            format!("línea {line}"),
            "no se entiende como NOMBRE=valor, y el servicio anterior tampoco la leía",
        );
    }
    rows
}

/// Whether it can only be a variable's name: others are not shown.
fn is_name(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 64 && name.bytes().all(is_of_name)
}

impl Row {
    /// The variable that the service took.
    fn newest<'a>(&self, variables: &'a [Variable]) -> &'a Variable {
        let rank = |variable: &&Variable| self.rank(&variable.name);
        variables.iter().min_by_key(rank).expect("a variable")
    }
}

impl Import {
    /// The settings, in the table's order.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    fn judge(&mut self, row: &Row, variables: &[Variable], judge: fn(&str) -> Verdict) {
        let Variable { name, value, .. } = row.newest(variables);
        let (same, others): (Vec<_>, Vec<_>) =
            variables.iter().partition(|own| own.value == *value);
        self.pass_over(&others, name);
        match judge(value) {
            Verdict::Refused(why) => self.mend(name, why),
            Verdict::Set(settings, mut note) => {
                let from: Vec<_> = same.iter().map(|variable| variable.name.clone()).collect();
                for (setting, value) in settings {
                    self.set(setting, value, &from, note.take());
                }
            }
        }
    }

    /// Notes variables that another one of the same meaning goes before.
    fn pass_over(&mut self, variables: &[&Variable], first: &str) {
        if !variables.is_empty() {
            let names = variables.iter().map(|variable| variable.name.clone());
            let why = format!("no se usa: el servicio anterior usaba {first}");
            self.without_place.push((names.collect(), why));
        }
    }

    /// Sets a setting. Several tokens are all good, one behind the other; anything else is the same,
    /// or a contradiction.
    fn set(
        &mut self,
        name: &'static str,
        value: String,
        from: &[String],
        note: Option<&'static str>,
    ) {
        let Some(known) = self.settings.iter_mut().find(|known| known.name == name) else {
            let from = from.to_vec();
            self.settings.push(Setting {
                name,
                value,
                from,
                note,
            });
            return;
        };
        known.from.extend_from_slice(from);
        if known.value == value {
            return;
        }
        if name == "callback_token" {
            known.value += &format!(" {value}");
        } else {
            let names = known.from.join(", ");
            self.mend(
                names,
                "llevan a dos bases de datos, y una instancia de este servicio habla con una: \
                 levante dos, cada una con su .env",
            );
        }
    }

    fn leave_out(&mut self, variables: &[Variable], why: &str) {
        let names = variables.iter().map(|variable| variable.name.clone());
        self.without_place.push((names.collect(), why.to_owned()));
    }

    fn mend(&mut self, place: impl Into<String>, what: &str) {
        self.to_mend.push((place.into(), what.to_owned()));
    }

    fn listen(&mut self, address: Address) {
        let Some(text) = address.text() else {
            return;
        };
        match Listen::parse(&text) {
            Ok(listen) => self.listen = Some((listen, address.from)),
            Err(_) => self.mend(
                address.from.join(", "),
                "no es una dirección como 0.0.0.0:8008: dígala al arrancar, con --listen",
            ),
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        let setting = self.settings.iter().find(|own| own.name == name)?;
        Some(&setting.value)
    }

    /// Leaves a secret out that is also the value of one of these settings.
    fn refuse_shared(&mut self, secret: &str, others: &[&str], why: &str) {
        let Some(value) = self.value(secret) else {
            return;
        };
        let others = others.iter().filter_map(|name| self.value(name));
        if !others.flat_map(|it| it.split(' ')).any(|it| it == value) {
            return;
        }
        let is_it = |own: &Setting| own.name == secret;
        let from: Vec<_> = self.settings.extract_if(.., |own| is_it(own)).collect();
        let names = from.iter().flat_map(|own| &own.from);
        let names = names.cloned().collect::<Vec<_>>().join(", ");
        self.mend(names, why);
    }

    /// What is right alone and wrong, or not enough, beside the others.
    fn check_together(&mut self) {
        self.refuse_shared(
            "webhook_secret",
            &["callback_token"],
            "es el mismo que el del callback, y cada secreto sirve para una sola cosa: genere otro",
        );
        self.refuse_shared(
            "cal_secret",
            &["callback_token", "webhook_secret"],
            "es el mismo que el del callback o el de los mensajes, y cada secreto sirve para una sola \
             cosa: genere otro y póngalo en Cal.com",
        );
        let has = |name| self.value(name).is_some();
        if has("callback_token") && !has("callback_endpoint_path") {
            self.settings.push(Setting {
                name: "callback_endpoint_path",
                value: "/api/callback /".to_owned(),
                from: Vec::new(),
                note: Some(
                    "ninguna variable dice la ruta: FastAPI respondía en /api/callback y Waitress en /; \
                     deje la que usa quien llama",
                ),
            });
        }
        let has = |name| self.value(name).is_some();
        let (token, key) = (has("callback_token"), has("jwt_public_key"));
        let (issuer, audience) = (has("jwt_issuer"), has("jwt_audience"));
        match self.value("callback_auth_mode") {
            Some("required") if !key => self.mend(
                "callback_auth_mode",
                "«required» exige también el JWT: falta jwt_public_key",
            ),
            Some("required" | "strict") if !token => self.mend(
                "callback_auth_mode",
                "exige el token estático: falta callback_token",
            ),
            Some("strict") if key => self.mend(
                "jwt_public_key",
                "con «strict» no se mira el JWT: el desbloqueo de la web de SAM, que solo trae JWT, \
                 recibiría 401",
            ),
            _ => {}
        }
        if key && !(issuer && audience) {
            self.mend(
                "jwt_issuer, jwt_audience",
                "lo que no se pone no se comprueba. Antes, por omisión, eran sam-auth-server y \
                 sam-callback-service: póngalos si los JWT los traen",
            );
        }
    }
}
