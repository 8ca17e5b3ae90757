//! Parses text with `{{ variable }}` in it. Values come from elsewhere.

use anyhow::{Context as _, Result};

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Variable(String),
}

impl Template {
    /// Parses. The only mistake there can be is `{{` without `}}`.
    pub(crate) fn parse(mut text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        while !text.is_empty() {
            let (part, rest) = match text.strip_prefix("{{") {
                Some(expression) => {
                    let (name, rest) = expression.split_once("}}").context("has {{ without }}")?;
                    (Part::Variable(name.trim().to_owned()), rest)
                }
                None => {
                    let (literal, rest) = text.split_at(text.find("{{").unwrap_or(text.len()));
                    (Part::Text(literal.to_owned()), rest)
                }
            };
            parts.push(part);
            text = rest;
        }
        Ok(Self(parts))
    }

    /// Whether no variable is in it.
    pub(crate) fn is_literal(&self) -> bool {
        self.variables().next().is_none()
    }

    /// The variables' names, in their order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with every variable replaced by what `value` gives for it.
    pub(crate) fn resolve(&self, mut value: impl FnMut(&str) -> Result<String>) -> Result<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable(name) => text.push_str(&value(name)?),
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_the_rest_stays() {
        let cases = [
            ("", ""),
            ("plain", "plain"),
            ("{{a}}", "<a>"),
            ("{{ a }}", "<a>"),
            ("x{{a}}y{{ b }}z", "x<a>y<b>z"),
            ("{ a } }}", "{ a } }}"),
        ];
        for (text, expected) in cases {
            let template = Template::parse(text).unwrap();
            let resolved = template.resolve(|name| Ok(format!("<{name}>")));
            assert_eq!(resolved.unwrap(), expected, "{text:?}");
            assert_eq!(template.is_literal(), !text.contains("{{"), "{text:?}");
        }
    }

    #[test]
    fn braces_must_close() {
        assert!(Template::parse("x{{a").is_err());
        assert!(Template::parse("{{a}").is_err());
    }
}
