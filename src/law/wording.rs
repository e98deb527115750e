//! What the message laws think of one text, for verbs that ask for it before the laws judge the whole.

use super::substance::{assess, assess_reason, is_same};

/// Why `text` says nothing: the end of a sentence that names it. `None` where it says something.
pub(crate) fn problem(text: &str) -> Option<String> {
    assess(text).err().map(|weakness| weakness.to_string())
}

/// As [`problem`], for a reason that something else surrounds: of a waiver, of `N/A`.
pub(crate) fn problem_of_reason(text: &str) -> Option<String> {
    assess_reason(text).err().map(|weakness| weakness.to_string())
}

/// Whether two texts say the same in nearly the same words.
pub(crate) fn say_the_same(one: &str, other: &str) -> bool {
    is_same(one, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart() {
        let text = "`rename(2)` is atomic only within one file system.";
        assert_eq!(problem(text), None);
        assert!(problem("TODO").is_some() && problem_of_reason("").is_some());
        assert!(say_the_same(text, "`rename(2)` is atomic only inside one file system"));
        assert!(!say_the_same(text, "Postgres ignores an index below a function call."));
    }
}
