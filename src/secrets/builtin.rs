//! The built-in rules: `rules.toml` beside this file, made into statics while the program is built.

use std::borrow::Cow;

use super::automaton::Automaton;
use super::shape::{Run, Shape};
use crate::model::secret_rules::{Allowlist, Checksum, SecretRule, Target};

include!(concat!(env!("OUT_DIR"), "/secret_rules.rs"));

/// The built-in rules, in the order in which they are asked.
pub fn builtin() -> &'static [SecretRule] {
    &RULES
}

/// Their keywords. The owner of a keyword is the place of its rule among [`builtin`].
pub(super) fn keywords() -> &'static Automaton {
    &KEYWORDS
}

/// The shape of the expression of one of them.
pub(super) fn shape(number: u16) -> Option<&'static Shape> {
    SHAPES.get(usize::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::pattern::{Pattern, parse};

    #[test]
    fn every_rule_can_be_used() {
        for rule in builtin() {
            let regexes = rule.allowlists.iter().flat_map(|list| list.regexes.iter().chain(list.paths.iter()));
            for regex in regexes.chain([&rule.regex]).chain(&rule.path) {
                if let Err(error) = Pattern::new(regex) {
                    panic!("{}: {error}", rule.id);
                }
            }
            assert!(!rule.keywords.is_empty(), "{}", rule.id);
            let lower = |keyword: &Cow<'_, str>| keyword.to_lowercase() == **keyword && keyword.len() > 1;
            assert!(rule.keywords.iter().all(lower), "{}", rule.id);
            assert!(builtin().iter().filter(|other| other.id == rule.id).count() == 1, "{}", rule.id);
        }
    }

    #[test]
    fn the_shapes_are_those_of_the_rules() {
        for (rule, number) in builtin().iter().zip(0u16..) {
            assert_eq!(shape(number), Some(&Shape::of(&parse(&rule.regex).unwrap())), "{}", rule.id);
        }
        let with_run = (0u16..).map_while(shape).filter(|shape| shape.run.is_some()).count();
        assert!(with_run * 2 > builtin().len(), "{with_run} of {}", builtin().len());
    }

    #[test]
    fn the_automaton_is_that_of_the_rules() {
        let keywords = builtin()
            .iter()
            .zip(0u16..)
            .flat_map(|(rule, number)| rule.keywords.iter().map(move |keyword| (keyword.as_ref(), number)));
        let fresh = Automaton::new(keywords);
        assert!(fresh.next == super::keywords().next && fresh.owners == super::keywords().owners);
    }
}
