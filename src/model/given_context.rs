//! A context that was given to an agent, as what it can be made again from. Events keep them in a note.

use std::fmt;

use super::digest::{Digest, ObjectId};
use super::event::Event;

/// The note of an event that says which contexts of its task were given since the event before: [`GivenContext`]s with spaces
/// between, the last one given at the end.
pub const CONTEXTS_NOTE: &str = "contexts";

/// So many are kept in one event.
pub const MOST_NOTED: usize = 8;

/// What a context is made again from, and what it was. The task is that of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenContext {
    /// Of the text's bytes.
    pub digest: Digest,
    /// The commit that everything in it was read from.
    pub commit: ObjectId,
    /// Tokens that it was allowed.
    pub budget: u32,
    /// The version of the recipe that it was made by.
    pub recipe: u32,
}

impl GivenContext {
    /// Reads `DIGEST:COMMIT:BUDGET:RECIPE`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let mut next = || parts.next();
        let (digest, commit) = (Digest::parse(next()?).ok()?, ObjectId::parse(next()?).ok()?);
        let (budget, recipe) = (next()?.parse().ok()?, next()?.parse().ok()?);
        let given = Self { digest, commit, budget, recipe };
        // One value has one spelling.
        (given.to_string() == text).then_some(given)
    }
}

impl fmt::Display for GivenContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}", self.digest, self.commit, self.budget, self.recipe)
    }
}

/// The contexts that an event says were given. A claim, as all notes are; what is no context is passed over.
pub fn given_in(event: &Event) -> impl Iterator<Item = GivenContext> {
    let note = event.note.iter().find(|(key, _)| key.as_str() == CONTEXTS_NOTE);
    note.into_iter().flat_map(|(_, text)| text.split(' ')).filter_map(GivenContext::parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling() {
        let text = format!("{}:{}:15000:1", "ab".repeat(32), "cd".repeat(20));
        assert_eq!(GivenContext::parse(&text).map(|given| given.to_string()), Some(text.clone()));
        for other in
            [text.replace(":1", ":+1"), text.replace("15000", "015000"), format!("{text}:"), text.replace("ab", "AB")]
        {
            assert_eq!(GivenContext::parse(&other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9a-f:+ ]{0,140}") {
            prop_assert!(GivenContext::parse(&text).is_none_or(|given| given.to_string() == text));
        }
    }
}
