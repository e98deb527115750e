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

#[test]
fn plain_denials_are_kept_where_they_deny_something_exact() {
    let denials = |text: &str| {
        let found = facts(BundleType::Research, text).into_iter().filter(|(kind, _)| *kind == "denial");
        found.map(|(_, text)| text).collect::<Vec<_>>()
    };
    assert_eq!(denials("It is **not** `Send`, and that is not nice."), ["It is **not** `Send`"]);
    assert_eq!(denials("The sky isn’t grey. It is _never_ grey."), ["It is _never_ grey"]);
    assert_eq!(denials("## Limits\n\nThe sky is not grey.\n"), ["The sky is not grey"]);
    // Nothing else of such a sentence is kept for it.
    assert_eq!(texts(BundleType::Research, "`a` is `b`, but not `c`."), ["but not `c`"]);
}

#[test]
fn headings_and_html_are_read() {
    let headings = "## Never rotate `key.rs` by hand\n\n## Decision: use `b`\n\n## Decisions\n\n## Plain words\n";
    assert_eq!(
        texts(BundleType::Research, headings),
        ["key.rs", "Never rotate `key.rs` by hand", "Decision: use `b`", "b"]
    );
    let marked = "# Ask Maria <!-- !keep -->\n\n<div>\nKeys <b>must</b> have 32 bytes.\n</div>\n\n<!-- !keep: rotated in May -->\n";
    assert_eq!(
        facts(BundleType::Research, marked),
        [
            ("line marked `!keep`", "Ask Maria"),
            ("decision", "Keys must have 32 bytes."),
            ("number", "32 bytes"),
            ("line marked `!keep`", "rotated in May")
        ]
        .map(|(kind, text)| (kind, text.to_owned()))
    );
    assert_eq!(
        texts(BundleType::Research, "<p align=\"center\"><img src=\"a/b/c.svg\"></p>\n\n<!-- we must not -->\n"),
        [""; 0]
    );
}

#[test]
fn links_lead_to_paths() {
    let text = "See [the guide](docs/guide.md#first), [it](https://a.example/b) and [c](#d).";
    assert_eq!(facts(BundleType::Research, text), [("path", "docs/guide.md".to_owned())]);
    assert_eq!(texts(BundleType::Research, &format!("We must wait. {text}")).len(), 3);
}

#[test]
fn references_lead_where_their_definitions_say() {
    let definitions = "\n\n[g]: https://example.org/x 'title'\n[Two  Words]: <docs/two.md>\n[short]: src/a.rs\n";
    let text = format!(
        "We must read [the guide][g], [it][two words], [Short] and [short][], not [none][h] or `[a][g]`.{definitions}"
    );
    let found = texts(BundleType::Research, &text);
    assert_eq!(
        found[found.len() - 4..],
        ["https://example.org/x", "docs/two.md", "src/a.rs", "src/a.rs"].map(str::to_owned),
        "{found:?}"
    );
    assert_eq!(texts(BundleType::Research, "See [the guide][g].\n\n[g]: https://example.org/x\n"), [""; 0]);
}

#[test]
fn marks_may_have_punctuation() {
    for text in ["Ask Maria (!keep)\n", "Ask Maria !keep.\n", "| a |\n| - |\n| Ask Maria **!keep** |\n"] {
        assert!(facts(BundleType::Research, text)[0].0.contains("!keep"), "{text}");
    }
    assert_eq!(facts(BundleType::Research, "Write `!keep` behind it."), [("identifier", "!keep".to_owned())][1..]);
}

#[test]
fn toml_is_a_block_of_code_under_the_name_of_its_file() {
    let text = "# What is promised\n\n[[deliverables.file]]\npath = \"a.rs\" # new\n\n# !keep this\ntext = \"\"\"\n# no\n\nx\"\"\"\n";
    let sources = [Source { name: "work/deliverables.toml", text }];
    let reading = Reading::of(&sources, BundleType::Plan);
    let [unit] = reading.units.as_slice() else { panic!("{:?}", reading.units) };
    assert_eq!(
        unit.text,
        "```toml\n[[deliverables.file]]\npath = \"a.rs\" # new\n# !keep this\ntext = \"\"\"\n# no\n\nx\"\"\"\n```"
    );
    assert!(unit.is_bound && reading.sections[unit.section].title == "deliverables");
    assert!(!Reading::of(&sources, BundleType::Progress).facts.iter().any(|fact| fact.text.contains("path")));
    let empty = Reading::of(&[Source { name: "a.toml", text: "# nothing\n" }], BundleType::Plan);
    assert_eq!(empty.units, []);
}

#[test]
fn the_box_of_a_task_belongs_to_its_marker() {
    let text = "- [ ] one\n- [x] two\n1. [X] three\n- [ ]\n- [] four\n- [a] five\n";
    let reading = Reading::of(&[Source { name: "tasks.md", text }], BundleType::Progress);
    let seen: Vec<(String, &str)> = reading
        .units
        .iter()
        .map(|unit| match &unit.layout {
            Layout::Item(item) => (reading.items[*item].marker.clone(), unit.text.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [("- [ ]", "one"), ("- [x]", "two"), ("1. [X]", "three"), ("-", "four"), ("-", "[a] five")];
    assert_eq!(seen, expected.map(|(marker, text)| (marker.to_owned(), text)));
}
