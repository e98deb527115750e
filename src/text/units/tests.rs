//! What must be kept of a text.

use super::*;

/// The facts of a text, each with what it is.
fn facts(kind: BundleType, text: &str) -> Vec<(&'static str, String)> {
    let reading = Reading::of(&[Source { name: "a.md", text }], kind);
    reading.facts.into_iter().map(|fact| (fact.kind.noun(), fact.text)).collect()
}

fn texts(kind: BundleType, text: &str) -> Vec<String> {
    facts(kind, text).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn commands_and_citations_in_code_are_kept_whatever_the_fence_says() {
    for (open, close) in [("```\n", "```\n"), ("```text\n", "```\n"), ("", "")] {
        let indent = if open.is_empty() { "    " } else { "" };
        let text = format!("a\n\n{open}{indent}cargo test --lib\n{indent}fails at src/a.rs:3\n{close}");
        assert_eq!(texts(BundleType::Research, &text), ["cargo test --lib", "src/a.rs:3"], "{text}");
    }
    assert_eq!(texts(BundleType::Research, "```rust\nmake(it); // see src/a.rs:3\n```\n"), ["src/a.rs:3"]);
}

#[test]
fn a_way_back_is_kept_line_by_line() {
    let text = "## Rollback\n\n```sql\nDROP TABLE x;\n```\n\n```\n./undo.sh \\\n  --all\nwait\n```\n";
    assert_eq!(texts(BundleType::Plan, text), ["DROP TABLE x;", "./undo.sh --all", "wait"]);
    let reading = Reading::of(&[Source { name: "a.md", text }], BundleType::Plan);
    assert!(reading.units.iter().all(|unit| unit.is_bound));
    assert_eq!(texts(BundleType::Research, "## Ways\n\n```sql\nDROP TABLE x;\n```\n"), [""; 0]);
}
