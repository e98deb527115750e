//! Texts made shorter, and facts taken out of them.

use super::*;
use crate::model::bundle::BundleType;
use crate::text::fidelity;
use crate::text::units::Source;
use proptest::prelude::*;

const NOTES: &str = "\
# Sessions

We looked at three ways to keep people signed in. The first two were tried by another team last year. It is not clear how
long they tried, and nobody wrote it down. Everyone liked the demonstration very much.

## Findings
- Redis answers in 3 ms, and costs a server more.
- The cookie is read in `src/session/read.rs:40-72`, see [the guide](https://example.org/guide).
- Cookies larger than 4 KiB are dropped by browsers, so a session cannot hold the cart.
- The colour of the banner was discussed at length, with no result that matters here.

## Decisions
- Sessions live in signed cookies (`SameSite=Lax`), because no server is needed; see [RFC 6265](https://www.rfc-editor.org/rfc/rfc6265).

## Ways to try it
```sh
# once
cargo test --test session
```

Ask Maria before you switch it on. !keep
";

fn reading(text: &str) -> Reading {
    Reading::of(&[Source { name: "notes.md", text }], BundleType::Research)
}

fn short(text: &str, wanted: usize) -> String {
    compress(&reading(text), &["notes.md"], wanted, 8_000).unwrap().body
}

#[test]
fn what_must_be_kept_is_kept() {
    let body = short(NOTES, 1);
    assert_eq!(fidelity::lost(&reading(NOTES), &body), Vec::<&MustKeep>::new());
    insta::assert_snapshot!(body, @"
    # Sessions

    ## Findings

    - Cookies larger than 4 KiB are dropped by browsers, so a session cannot hold the cart.

    Also: src/session/read.rs:40-72

    ## Decisions

    - Sessions live in signed cookies (`SameSite=Lax`), because no server is needed; see [RFC 6265].

    Also: https://www.rfc-editor.org/rfc/rfc6265

    ## Ways to try it

    Ask Maria before you switch it on.

    Also: cargo test --test session
    ");
}

#[test]
fn what_the_budget_allows_comes_beside_it() {
    let (least, more) = (short(NOTES, 1), short(NOTES, 150));
    assert!(more.len() > least.len() && tokens::count(&more) <= 150, "{more}");
    assert!(more.contains("Redis") && !more.contains("colour of the banner"), "{more}");
    assert!(short(NOTES, 8_000).contains("colour of the banner"));
}

#[test]
fn too_much_to_keep_is_named() {
    let unfit = compress(&reading(NOTES), &["notes.md"], 1, 40).unwrap_err();
    assert!(matches!(*unfit, Unfit::Facts { tokens: 40.., left_out } if !left_out.is_empty()));
}

#[test]
fn what_is_too_large_as_a_whole_is_cut() {
    let words: Vec<String> = (0..900).map(|number| format!("w{number}")).collect();
    let text = format!("# Talk\n\n{}\n", words.join(" "));
    let body = short(&text, 400);
    assert!(body.starts_with("# Talk\n\n") && body.len() > 800 && body.contains(" …"), "{body}");
    assert!(!body.contains("… …") && tokens::count(&body) <= 400, "{body}");
    assert_eq!(short(&text, 8_000), text, "what is whole again shows no cut");
    let code = format!("```c\n{}```\n", "f(1);\n".repeat(2_000));
    assert!(short(&code, 500).starts_with("```c\nf(1);\n"));
}

#[test]
fn facts_of_a_cut_sentence_are_in_its_pieces() {
    let words = "word ".repeat(300);
    let text = format!("It is no use `a  b` {words}and see src/main.rs:2 and {words}`c d`, [x](docs/y.md) end.\n");
    let reading = reading(&text);
    assert!(reading.units.len() > 5);
    for fact in &reading.facts {
        let unit = &reading.units[fact.unit].text;
        assert!(fact.shown.clone().is_none_or(|shown| unit[shown] == fact.text), "{fact:?} in {unit}");
    }
    let body = short(&text, 1);
    assert_eq!(fidelity::lost(&reading, &body), Vec::<&MustKeep>::new(), "{body}");
}

#[test]
fn what_cannot_be_cut_is_told() {
    let text = format!("# Key\n\n{}\n", "x7".repeat(3_000));
    let unfit = compress(&reading(&text), &["notes.md"], 100, 500).unwrap_err();
    assert!(matches!(*unfit, Unfit::Unit { unit: 0, tokens: 501.. }), "{unfit:?}");
    assert_eq!(reading("# One\n\n## Two\n").units, [], "headings alone say nothing");
    let whole = "a".repeat(300) + " " + &"word ".repeat(200);
    assert!(short(&whole, 20).len() > 1_000, "a little above what is wanted is better than nothing");
}

#[test]
fn several_sources_are_told_apart() {
    let sources =
        [Source { name: "a.md", text: "One must wait." }, Source { name: "b.md", text: "# B\n\nTwo must run." }];
    let reading = Reading::of(&sources, BundleType::Plan);
    let short = compress(&reading, &["a.md", "b.md"], 8_000, 8_000).unwrap();
    insta::assert_snapshot!(short.body, @"
    **From `a.md`**

    One must wait.

    **From `b.md`**

    # B

    Two must run.
    ");
}

#[test]
fn repeats_are_said_once() {
    let text = "- The cache holds the tokens of all users, by default.\n- The cache holds the tokens of all users, by default!\n";
    assert_eq!(short(text, 8_000).lines().count(), 1);
}

#[test]
fn inner_items_do_not_become_code() {
    let text =
        "- outer, which is long and says nothing at all to anybody\n  - middle, as little\n    - inner must stay\n";
    assert_eq!(short(text, 1), "- …\n  - …\n    - inner must stay\n");
}

/// Sentences that say nothing, and are many.
fn filler() -> String {
    let number =
        |at: usize| format!("On day {at} the weather was w{at}, and the people p{at} spoke of things t{at}.\n\n");
    (0..30).map(number).collect()
}

#[test]
fn items_stay_below_what_they_are_part_of() {
    let lists = "\
# N

- Rejected options, told here at length with many words of no weight at all for anybody who reads it, or hears of it, or sees it on a wall in a large room, or does none of these things at all:
  - Redis must be used
- Options under discussion, with many a word of no weight, and more of them, to be left out here, where nobody who comes along would look for them anyway, be it by day or by night:
  - Use Postgres; recommended

";
    let text = format!("{lists}{}", filler());
    // It says `rejected`, which decides.
    let rejected = &lists[..lists.find("  - Redis").unwrap()];
    assert_eq!(
        short(&text, 1),
        format!("{rejected}  - Redis must be used\n- …\n  - Use Postgres; recommended\n"),
        "what they are part of is at least marked"
    );
    let roomy = short(&text, 200);
    assert!(roomy.starts_with(lists.trim_end()), "{roomy}");
    let numbered = format!(
        "1. one long thing that says nothing\n2. two, with many words of no weight for anybody who reads it\n\n   3. three must stay\n   4. four\n\n{}",
        filler()
    );
    assert_eq!(short(&numbered, 1), "2. …\n\n   3. three must stay\n");
    let empty = format!(
        "- Good things, of which there are many, with words of no weight for anybody who reads it\n  - This must be.\n- ![x](y.svg)\n  - That must be.\n-\n  - So must it be.\n\n{}",
        filler()
    );
    let body = short(&empty, 1);
    assert_eq!(body, "- …\n  - This must be.\n- …\n  - That must be.\n\n…\n\n- So must it be.\n");
}

#[test]
fn lists_do_not_become_one() {
    const RIGHT: &str = "Things of all kinds that are right, as far as anybody who was there could tell:";
    const WRONG: &str = "Things of all kinds that are wrong, as far as anybody who was there could tell:";
    let text =
        format!("# N\n\n{RIGHT}\n\n- The cache must be on.\n\n{WRONG}\n\n- The cache must be off.\n\n{}", filler());
    assert_eq!(short(&text, 1), "# N\n\n…\n\n- The cache must be on.\n\n…\n\n- The cache must be off.\n");
    let roomy = short(&text, 80);
    let expected = format!("{RIGHT}\n\n- The cache must be on.\n\n{WRONG}\n\n- The cache must be off.\n");
    assert!(roomy.contains(&expected), "{roomy}");
    let inner = format!("- All of this must be.\n\n  But none of what follows\n\n  - It must stay.\n\n{}", filler());
    assert_eq!(short(&inner, 1), "- All of this must be.\n\n…\n\n- …\n  - It must stay.\n");
    assert_eq!(short("- a must be\n\n\n* b must be\n", 1), "- a must be\n\n* b must be\n");
    let text_between = format!(
        "This must be.\n\nAll of the things that now follow are wrong, as far as anybody who was there could tell.\n\n- It must be off.\n\n{}",
        filler()
    );
    assert_eq!(short(&text_between, 1), "This must be.\n\n…\n\n- It must be off.\n");
}

#[test]
fn lines_left_out_of_code_are_marked() {
    let lines: String = (0..700).map(|at| format!("let a{at} = {};\n", at * 7)).collect();
    let text = format!("```rust\n{lines}```\n");
    let body = short(&text, 600);
    let inner: Vec<&str> = body.lines().collect();
    assert_eq!((inner[0], inner[inner.len() - 1], body.matches("```").count()), ("```rust", "```", 2), "{body}");
    let number = |line: &str| line[5..].split(' ').next().and_then(|number| number.parse::<usize>().ok());
    let mut next = Some(0);
    for line in &inner[1..inner.len() - 1] {
        if *line == "…" {
            assert!(next.take().is_some(), "two marks in a row: {body}");
        } else {
            let at = number(line).unwrap();
            assert!(next.is_none_or(|next| next == at) && (next.is_some() || at > 0), "{line} in {body}");
            next = Some(at + 1);
        }
    }
    assert!(next.is_none_or(|next| next == 700) && inner.contains(&"…"), "{body}");
    assert!(tokens::count(&body) <= 600 && short(&text, 8_000) == text);
}

#[test]
fn sentences_of_han_and_kana_are_cut_apart() {
    let text: String = (0..400).map(|at| format!("これは第{at}の文です。今日は{}度でした！", at * 3)).collect();
    let body = short(&format!("# 記録\n\n{text}\n"), 400);
    assert!(tokens::count(&body) <= 400 && tokens::count(&body) > 200, "{body}");
    assert!(body.contains("の文です。"), "{body}");
}

#[test]
fn what_is_too_large_leaves_a_mark() {
    let line = "x7".repeat(25_000);
    let text = format!("# Code\n\nThis must be.\n\n```c\n{line}\n```\n\nThat must be.\n");
    assert_eq!(short(&text, 100), "# Code\n\nThis must be.\n\n```c\n…\n```\n\nThat must be.\n");
    let item = format!("- This must be.\n- {line}\n- That must be.\n\n{line}\n\n## End\n\nAnd that must be.\n");
    assert_eq!(short(&item, 100), "- This must be.\n- …\n- That must be.\n\n…\n\n## End\n\nAnd that must be.\n");
}

#[test]
fn a_long_sentence_is_taken_as_far_as_there_is_room() {
    let clause = "and the cache of the tokens is read by default from the store of the session, ";
    let text = format!("# Talk\n\n{}{}\n", clause.repeat(300), "end");
    let all = tokens::count(&text);
    let taken = tokens::count(&short(&text, all / 5));
    assert!(taken <= all / 5 && taken > all / 7, "{taken} of {all}");
}

proptest! {
    /// The gate finds each fact that is taken out of the text, and none while they are there.
    #[test]
    fn a_fact_that_is_removed_is_missed(which in any::<prop::sample::Index>()) {
        let reading = reading(NOTES);
        let body = fidelity::plain(&short(NOTES, 1));
        let fact = &reading.facts[which.index(reading.facts.len())];
        let without = body.replace(&fidelity::plain(&fact.text), " … ");
        prop_assert!(fidelity::lost(&reading, &without).iter().any(|lost| lost.text == fact.text), "{:?}", fact);
    }

    #[test]
    fn the_same_text_gives_the_same_bundle_and_loses_nothing(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "# Decisions\n\n", "## Other\n\n", "- Keys must be 32 bytes long.\n", "Never reuse `nonce`.\n\n", "Plain words of no weight. ",
                "See `src/a.rs:3`. ", "```sh\ncargo test\n```\n\n", "| a | b |\n| - | - |\n| `x` | cannot fail |\n\n", "It takes 30 ms, by default. ",
                "Ask (!keep) first\n\n", "## Never `skip` it\n\n", "### Run `a b/c.rs` (!keep)\n\n", "<p>We <b>must</b> wait.</p>\n\n",
                "<!-- !keep: 5 MB/s, not 5 MB -->\n\n", "It is **not** `Send` in 1.5 ms, without src/*.rs. ", "1,5 ms and <5 ms must do. ",
                "```\n$ rm -rf build/* \\\n>  x\nsaid at src/a.rs:3:8\n```\n\n", "    cargo test\n    cargo test --lib\n\n", "## Rollback\n\n",
                "> ```sql\n> DROP x; -- !keep\n> ```\n\n", "- a\n\n  ```sh\n  make all\n  ```\n\n", "[a](../docs/x.md#y) can’t `a[0]`, `b ` and ``c ` d``. ",
                "| `rm x` | see src/b.rs:1 !keep. |\n\n", "`unclosed **must** ", "~~~\n", "<b x ", "# `Cargo.toml` crates/x/Cargo.toml\n\n", "> quoted, only here\n\n", "[a](https://example.org/b) ", "1. one\n   - two must be\n", "\u{e9}\u{1f600} ",
            ]),
            0..40,
        ),
        wanted in 0..400_usize,
    ) {
        let text = parts.concat();
        let reading = reading(&text);
        let short = compress(&reading, &["notes.md"], wanted, 8_000).unwrap();
        prop_assert_eq!(&short, &compress(&reading.clone(), &["notes.md"], wanted, 8_000).unwrap());
        prop_assert_eq!(fidelity::lost(&reading, &short.body), Vec::<&MustKeep>::new(), "{}", short.body);
    }
}
