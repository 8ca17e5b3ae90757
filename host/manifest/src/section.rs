//! A table of a TOML file, read key by key. Errors name the file and the key, say what would be
//! right, and never quote a value: a mistyped line may have a secret in it.
//!
//! Derived deserializers quote values in their errors, so the files are read without them.

use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow, bail};
use toml::{Table, Value};

/// A table, where it stands, and the keys asked for so far.
pub(crate) struct Section {
    file: Rc<str>,
    path: String,
    table: Table,
    known: Vec<&'static str>,
}

impl Section {
    /// Reads a whole file. Errors name the file, and the line where it is not TOML.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file: Rc<str> = path.display().to_string().into();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{file}: cannot be read; is this the right path?"))?;
        Self::parse(&file, &text)
    }

    /// Parses `text`; `file` is what errors call it.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self> {
        // The error's own Display quotes the line it complains about.
        let table = text.parse::<Table>().map_err(|error| {
            let line = error.span().map_or(1, |span| {
                1 + text.as_bytes()[..span.start.min(text.len())]
                    .iter()
                    .filter(|b| **b == b'\n')
                    .count()
            });
            anyhow!(
                "{file}: line {line} is not valid TOML: {}",
                error.message().lines().next().unwrap_or_default()
            )
        })?;
        Ok(Self {
            file: file.into(),
            path: String::new(),
            table,
            known: Vec::new(),
        })
    }

    /// The name of the file as errors give it.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// `file: path.to.key`, the start of every error.
    pub(crate) fn at(&self, key: &str) -> String {
        match (self.path.is_empty(), key.is_empty()) {
            (_, true) => format!("{}: {}", self.file, self.path),
            (true, false) => format!("{}: {key}", self.file),
            (false, false) => format!("{}: {}.{key}", self.file, self.path),
        }
    }

    /// Whether the key is there; counts as having asked for it.
    pub(crate) fn has(&mut self, key: &'static str) -> bool {
        self.known.push(key);
        self.table.contains_key(key)
    }

    /// The value as it stands.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    pub(crate) fn string(&mut self, key: &'static str) -> Result<Option<String>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(key, "a string in quotes", &other)),
        }
    }

    pub(crate) fn boolean(&mut self, key: &'static str) -> Result<Option<bool>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Boolean(value)) => Ok(Some(value)),
            Some(other) => Err(self.wrong_type(key, "true or false", &other)),
        }
    }

    /// A whole number from 0 up.
    pub(crate) fn size(&mut self, key: &'static str) -> Result<Option<usize>> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.as_integer().map(usize::try_from) {
            Some(Ok(size)) => Ok(Some(size)),
            _ => Err(self.wrong_type(key, "a whole number from 0 up", &value)),
        }
    }

    /// A list of strings; an absent key is an empty list.
    pub(crate) fn strings(&mut self, key: &'static str) -> Result<Vec<String>> {
        let items = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.wrong_type(key, "a list of strings", &other)),
        };
        let string = |(index, item)| match item {
            Value::String(text) => Ok(text),
            other => Err(self.wrong_type(&format!("{key}[{index}]"), "a string in quotes", &other)),
        };
        items.into_iter().enumerate().map(string).collect()
    }

    /// The table under `key`.
    pub(crate) fn section(&mut self, key: &'static str) -> Result<Option<Section>> {
        self.value(key)
            .map(|value| self.descend(key, value))
            .transpose()
    }

    /// The list of tables under `key`, as `[[key]]` writes it.
    pub(crate) fn list(&mut self, key: &'static str) -> Result<Option<Vec<Section>>> {
        let items = match self.value(key) {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(other) => {
                return Err(self.wrong_type(key, &format!("a list of tables, [[{key}]]"), &other));
            }
        };
        let section = |(index, item)| self.descend(&format!("{key}[{index}]"), item);
        items
            .into_iter()
            .enumerate()
            .map(section)
            .collect::<Result<_>>()
            .map(Some)
    }

    /// Every entry as a table of its own: for tables whose keys are names the author chose.
    pub(crate) fn into_sections(self) -> Result<Vec<(String, Section)>> {
        let (names, values): (Vec<_>, Vec<_>) = self.table.clone().into_iter().unzip();
        let sections = names.into_iter().zip(values);
        sections
            .map(|(name, value)| Ok((name.clone(), self.descend(&name, value)?)))
            .collect()
    }

    /// Every entry as a string: for tables whose keys are names the author chose.
    pub(crate) fn into_strings(self) -> Result<Vec<(String, String)>> {
        let string = |(name, value): (&String, &Value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            other => Err(self.wrong_type(name, "a string in quotes", other)),
        };
        self.table.iter().map(string).collect()
    }

    /// The keys not asked for.
    pub(crate) fn unknown(&self) -> Vec<&str> {
        self.table
            .keys()
            .map(String::as_str)
            .filter(|key| !self.known.contains(key))
            .collect()
    }

    /// Refuses keys that nobody asked for: mistyped ones, and what only Spin knows.
    pub(crate) fn finish(self) -> Result<()> {
        let unknown = self.unknown();
        if let Some(key) = unknown.first() {
            bail!(
                "{}: unknown key; the stand-in knows {} here, use Spin for others",
                self.at(key),
                self.known.join(", ")
            );
        }
        Ok(())
    }

    fn descend(&self, key: &str, value: Value) -> Result<Section> {
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        match value {
            Value::Table(table) => Ok(Section {
                file: Rc::clone(&self.file),
                path,
                table,
                known: Vec::new(),
            }),
            other => Err(self.wrong_type(key, "a table", &other)),
        }
    }

    fn wrong_type(&self, key: &str, wanted: &str, found: &Value) -> anyhow::Error {
        anyhow!(
            "{}: must be {wanted}, not {}",
            self.at(key),
            type_name(found)
        )
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_file_and_the_key_and_never_the_value() {
        type Read = fn(&mut Section) -> Result<()>;
        let cases: [(&str, Read, &str); 6] = [
            (
                "a = 'hush'",
                |s| s.boolean("a").map(drop),
                "t.toml: a: must be true or false, not a string",
            ),
            (
                "a = 12345",
                |s| s.string("a").map(drop),
                "t.toml: a: must be a string in quotes, not a number",
            ),
            (
                "a = 'hush'",
                |s| s.size("a").map(drop),
                "t.toml: a: must be a whole number from 0 up, not a string",
            ),
            (
                "a = ['x', 12345]",
                |s| s.strings("a").map(drop),
                "t.toml: a[1]: must be a string in quotes, not a number",
            ),
            (
                "a = 'hush'",
                |s| s.section("a").map(drop),
                "t.toml: a: must be a table, not a string",
            ),
            (
                "a = 'hush'",
                |s| s.list("a").map(drop),
                "t.toml: a: must be a list of tables, [[a]], not a string",
            ),
        ];
        for (text, read, expected) in cases {
            let mut section = Section::parse("t.toml", text).unwrap();
            assert_eq!(
                read(&mut section).unwrap_err().to_string(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_line_that_is_not_toml_is_numbered_but_not_quoted() {
        for text in [
            "a = 1\nb = hush\n",
            "a = 1\nb = \"hush\n",
            "a = 1\nb \"hush\"\n",
            "a = 1\na = \"hush\"\n",
        ] {
            let error = Section::parse("t.toml", text).err().unwrap().to_string();
            assert!(
                error.starts_with("t.toml: line 2 is not valid TOML"),
                "{error}"
            );
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_key_nobody_asked_for_is_refused_by_name() {
        let mut section = Section::parse("t.toml", "good = 'x'\nbad = 'hush'").unwrap();
        section.string("good").unwrap();
        assert_eq!(
            section.finish().unwrap_err().to_string(),
            "t.toml: bad: unknown key; the stand-in knows good here, use Spin for others"
        );
    }
}
