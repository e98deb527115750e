//! Where a fact ends: `5 ms` is no part of `1.5 ms`, and `cargo test` is no part of `cargo test --lib`.
//!
//! What stands before and behind a fact decides, by its kind. Whatever [`each_fact`](super::facts::each_fact) takes from a text
//! stands there as a whole.

use super::facts::FactKind;

/// Whether a letter, digit or underscore: two of them side by side are of one word.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `fact`, found between `before` and `after`, is all that stands there. Line feeds part blocks.
pub(super) fn is_whole(kind: FactKind, before: &str, fact: &str, after: &str) -> bool {
    let (last, next) = (before.chars().next_back(), after.chars().next());
    let splits_a_word = fact.starts_with(is_name) && last.is_some_and(is_name)
        || fact.ends_with(is_name) && next.is_some_and(is_name)
        || fact.ends_with(|c: char| c.is_ascii_digit()) && leads_to(after, ".", |c| c.is_ascii_digit());
    !splits_a_word
        && match kind {
            FactKind::Kept | FactKind::Decision => ends_sentence(fact, after),
            FactKind::Denial => true,
            FactKind::Command => opens_command(before) && closes_command(after),
            FactKind::Url => closes_url(before, after),
            FactKind::Path => !before.ends_with(goes_into_path) && ends_path(fact, after),
            FactKind::Citation => {
                !before.ends_with(goes_into_path)
                    && !leads_to(after, ":-–", |c| c.is_ascii_digit())
                    && ends_path(fact, after)
            }
            FactKind::Number => is_whole_number(before, fact, after),
            FactKind::Identifier => is_whole_identifier(before, fact, after),
        }
}

/// Whether `text` begins with one of `marks` and then with what `is_next` says.
fn leads_to(text: &str, marks: &str, is_next: impl Fn(char) -> bool) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| marks.contains(c)) && chars.next().is_some_and(is_next)
}

/// A sentence without a mark at its end must not go on.
fn ends_sentence(fact: &str, after: &str) -> bool {
    let marks = ".!?:;,)\"'”…|_·—";
    let next = after.trim_start_matches(' ');
    fact.ends_with(|c| marks.contains(c))
        || next.starts_with('\n')
        || next.is_empty()
        || next.starts_with(|c| marks.contains(c))
}

/// A command begins where a line, a code span or an entry of a list begins, with or without a prompt.
fn opens_command(before: &str) -> bool {
    let is_start = |text: &str| text.is_empty() || text.ends_with('\n');
    let before = before.trim_end_matches(' ');
    // The number of an entry has few digits.
    let number =
        before.bytes().rev().take(10).take_while(|byte| byte.is_ascii_digit() || b".-+".contains(byte)).count();
    is_start(before[..before.len() - number].trim_end_matches(' '))
        || before.ends_with(['`', '·', ':', '(', '“', '$', '>', '#', '%']) && !before.ends_with("$(")
}

fn closes_command(after: &str) -> bool {
    let next = after.trim_start_matches(' ');
    let is_end = |text: &str| text.is_empty() || text.starts_with(['\n', ' ']);
    is_end(next)
        || next.starts_with(['`', '·', ')', '”'])
        || next.len() < after.len() && next.starts_with('#')
        || next.strip_prefix(['.', ',', ';', ':', '!', '?']).is_some_and(is_end)
}

fn closes_url(before: &str, after: &str) -> bool {
    let closes = |open, close| before.ends_with(open) && after.starts_with(close);
    let rest = after.trim_start_matches(|c: char| ".,;:!?\"'*>”’)]}|_".contains(c));
    closes('(', ')')
        || closes('<', '>')
        || rest.is_empty()
        || rest.starts_with(|c: char| c.is_whitespace() || "`<·".contains(c))
}

/// What before a path belongs to it.
fn goes_into_path(c: char) -> bool {
    is_name(c) || "./-~+@}$\\".contains(c)
}

fn ends_path(fact: &str, after: &str) -> bool {
    // Stars outside code are emphasis where nothing follows them.
    let is_glob = after.starts_with('*') && !fact.contains('*');
    let rest = after.trim_start_matches(['*', '.']);
    let goes_on = |c: char| is_name(c) || "/-~+@{$".contains(c);
    let is_joined = rest.len() < after.len() && rest.starts_with(|c| is_name(c) || c == '/');
    !is_glob && !is_joined && !after.starts_with(|c| goes_on(c) && c != '-') && !leads_to(after, "-", is_name)
}

fn is_whole_number(before: &str, fact: &str, after: &str) -> bool {
    let mut back = before.chars().rev();
    let (last, one_before) = (back.next(), back.next());
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let begins = match last {
        Some(',' | '/') => !is_digit(one_before),
        Some(c) => !(fact.starts_with(|c: char| c.is_ascii_digit()) && ".<>~≤≥±+-−–$€£^".contains(c)),
        None => true,
    } && !(last == Some('=') && one_before.is_some_and(|c| "<>!~".contains(c)));
    let is_version = fact.ends_with(|c: char| c.is_ascii_digit());
    let goes_on = leads_to(after, ",–-", |c| c.is_ascii_digit())
        || leads_to(after, "/", char::is_alphanumeric)
        || is_version && leads_to(after, "-+", char::is_alphanumeric);
    begins && !goes_on
}

fn is_whole_identifier(before: &str, fact: &str, after: &str) -> bool {
    let is_inner = |c: char| is_name(c) || c == '-';
    let begins = if fact.starts_with(is_name) {
        !before.ends_with("::") && !before.ends_with(['-', '/', '.'])
    } else {
        !before.ends_with(is_name)
    };
    let ends = if fact.ends_with(is_name) {
        !leads_to(after, ".-/", is_inner) && !after.strip_prefix("::").is_some_and(|rest| rest.starts_with(is_name))
    } else {
        !after.starts_with(is_name)
    };
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use FactKind::{Citation, Command, Decision, Denial, Identifier, Number, Path, Url};

    /// Whether the fact stands as a whole somewhere in the text.
    fn stands_in(kind: FactKind, fact: &str, text: &str) -> bool {
        text.match_indices(fact).any(|(at, _)| is_whole(kind, &text[..at], fact, &text[at + fact.len()..]))
    }

    #[test]
    fn wholes_are_found() {
        for (kind, fact, text) in [
            (Number, "10 ms", "takes 10 ms at most"),
            (Number, "5 ms", "(5 ms), then `5 ms`"),
            (Number, "1.85", "Rust 1.85."),
            (Number, "8-bit", "8-bit-wide"),
            (Path, "Cargo.toml", "see (Cargo.toml)."),
            (Path, "Cargo.toml", "Cargo.toml: its first line"),
            (Path, "src/a.rs", "`src/a.rs:12`"),
            (Path, "docs/a/", "in docs/a/, too"),
            (Citation, "src/a.rs:3", "src/a.rs:3, src/b.rs:4"),
            (Command, "cargo test", "Also: x · cargo test · y"),
            (Command, "cargo test", "then `cargo test` once"),
            (Command, "cargo test", "- cargo test\nmore"),
            (Command, "cargo test", "$ cargo test # all"),
            (Command, "cargo test", "Run: cargo test."),
            (Url, "https://a.example/b", "(https://a.example/b), https"),
            (Url, "https://a.example/b", "<https://a.example/b>"),
            (Identifier, "read", "read_line, read"),
            (Identifier, "run", "`run()`"),
            (Identifier, "--", "a -- b"),
            (Identifier, "--lib", "with --lib=x"),
            (Decision, "we use cookies", "we use cookies\nmore"),
            (Decision, "we use cookies.", "so: we use cookies. more"),
            (Denial, "never wait", "they never wait here"),
        ] {
            assert!(stands_in(kind, fact, text), "{fact} in {text}");
        }
    }

    #[test]
    fn fragments_are_not() {
        for (kind, fact, text) in [
            (Number, "10 ms", "takes 110 ms"),
            (Number, "5 ms", "takes 1.5 ms"),
            (Number, "5 ms", "takes 1,5 ms"),
            (Number, "5 ms", "takes <5 ms"),
            (Number, "5 ms", "takes -5 ms"),
            (Number, "5 ms", "takes 3–5 ms"),
            (Number, "5 MB", "5 MB/s"),
            (Number, "5 MB", "5 MBit"),
            (Number, "1.85", "Rust 1.85.0"),
            (Number, "1.2.3", "1.2.3-beta"),
            (Number, "1.2.3", ">=1.2.3"),
            (Path, "Cargo.toml", "crates/x/Cargo.toml"),
            (Path, "Cargo.toml", "Cargo.toml.bak"),
            (Path, "Cargo.toml", "my-Cargo.toml"),
            (Path, "docs/a/", "docs/a/b.md"),
            (Path, "docs/a/", "`docs/a/*`"),
            (Path, "src/a.rs", "src/a.rs/x"),
            (Citation, "src/a.rs:3", "src/a.rs:32"),
            (Citation, "src/a.rs:3", "src/a.rs:3-9"),
            (Citation, "a.rs:3", "src/a.rs:3"),
            (Command, "cargo test", "`cargo test --lib`"),
            (Command, "cargo test", "sudo cargo test"),
            (Command, "cargo test", "`cd x && cargo test`"),
            (Command, "cargo test", "cargo test | head"),
            (Command, "git status", "echo $(git status)"),
            (Command, "rm -rf build/*", "rm -rf build/* dist"),
            (Url, "https://a.example", "https://a.example/b"),
            (Url, "https://a.example/b", "https://a.example/b?c"),
            (Identifier, "read", "read_line"),
            (Identifier, "new", "Vec::new"),
            (Identifier, "lib", "--lib"),
            (Identifier, "src", "src/a.rs"),
            (Identifier, "run", "self.run"),
            (Decision, "we use cookies", "we use cookies in tests"),
            (Denial, "never wait", "never waits"),
        ] {
            assert!(!stands_in(kind, fact, text), "{fact} in {text}");
        }
    }
}
