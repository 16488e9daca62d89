//! A filter may name keys and endpoints as people call them; rows know ids only. Names are put into ids here, before SQL.

use std::collections::HashMap;

use weir_contract::filter::{Field, Filter, Pattern, Test};

/// What keys and endpoints are called: name → id. An id that nothing is called by stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Keys by name.
    pub(crate) keys: HashMap<String, Vec<String>>,
    /// Endpoints by name.
    pub(crate) endpoints: HashMap<String, Vec<String>>,
}

impl Names {
    /// Adds a key.
    pub(crate) fn key(&mut self, name: &str, id: &str) {
        self.keys.entry(name.to_owned()).or_default().push(id.to_owned());
    }

    /// Adds an endpoint.
    pub(crate) fn endpoint(&mut self, name: &str, id: &str) {
        self.endpoints.entry(name.to_owned()).or_default().push(id.to_owned());
    }

    /// The filter with ids where it said names; ids themselves keep working.
    pub(crate) fn resolve(&self, mut filter: Filter) -> Filter {
        for term in &mut filter.terms {
            if let Test::AnyOf(field, patterns) = &mut term.test {
                match field {
                    Field::Key => with_ids(patterns, &self.keys),
                    Field::Endpoint => with_ids(patterns, &self.endpoints),
                    _ => {}
                }
            }
        }
        filter
    }
}

fn with_ids(patterns: &mut Vec<Pattern>, ids: &HashMap<String, Vec<String>>) {
    let mut found = Vec::new();
    for pattern in patterns.iter() {
        let matches = |name: &str| match pattern {
            Pattern::Exactly(wanted) => name == wanted,
            Pattern::StartsWith(start) => name.starts_with(start.as_str()),
        };
        let of_name = ids.iter().filter(|(name, _)| matches(name)).flat_map(|(_, ids)| ids);
        found.extend(of_name.map(|id| Pattern::Exactly(id.clone())));
    }
    patterns.append(&mut found);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_name_and_by_its_id() {
        let mut names = Names::default();
        names.key("billing prod", "key_1");
        names.key("billing test", "key_2");
        let resolved = |text: &str| names.resolve(Filter::parse(text).unwrap()).to_string();
        assert_eq!(resolved("key:\"billing prod\""), "key:\"billing prod\",key_1");
        assert_eq!(resolved("-key:key_2"), "-key:key_2");
        assert_eq!(resolved("customer:\"billing prod\""), "customer:\"billing prod\"");
        assert!(resolved("key:billing*").contains("key_2"));
    }
}
