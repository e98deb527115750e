//! Every built-in rule finds what it is for, made up here by a seeded generator, and leaves alone what only looks like it.

use std::sync::LazyLock;

use super::super::checksum::crc32_base62;
use super::*;
use proptest::prelude::*;

use fakes::{DECOYS, Fakes, PLANTED};

mod fakes;

/// The built-in rules, compiled once for all tests.
fn builtins() -> &'static Scanner<'static> {
    static RULES: LazyLock<SecretRules> = LazyLock::new(SecretRules::default);
    static SCANNER: LazyLock<Scanner<'static>> = LazyLock::new(|| Scanner::new(&RULES));
    &SCANNER
}

fn found_in(path: &str, text: &str) -> Vec<(String, Option<usize>, String)> {
    let scan = builtins().scan(&path.into(), text.as_bytes()).unwrap();
    scan.found
        .iter()
        .map(|found| (found.rule.id.to_string(), found.line, String::from_utf8_lossy(&found.secret).into()))
        .collect()
}

#[test]
fn every_kind_is_found() {
    for seed in 1..40u64 {
        let mut fakes = Fakes(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for (rule, template) in PLANTED {
            let text = fakes.make(template);
            let (path, text) = match text.split_once('\n') {
                Some((path, line)) if rule.ends_with("-setting") => (path.to_owned(), line.to_owned()),
                _ => ("src/some.file".to_owned(), text.clone()),
            };
            let found = found_in(&path, &format!("first line\n{text}\nlast line\n"));
            let rules: Vec<&str> = found.iter().map(|(id, ..)| id.as_str()).collect();
            assert_eq!(rules, [*rule], "seed {seed}: {text}");
            assert!(found[0].1 >= Some(2), "{text}");
        }
    }
    for rule in builtin() {
        assert!(PLANTED.iter().any(|(id, _)| *id == rule.id), "nothing is planted for `{}`", rule.id);
    }
}

#[test]
fn decoys_do_not_alarm() {
    for seed in 1..40u64 {
        let mut fakes = Fakes(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for (path, template) in DECOYS {
            let text = fakes.make(template);
            assert_eq!(found_in(path, &text), [], "seed {seed}, {path}: {text}");
        }
    }
}

fn secret(seed: u64) -> String {
    Fakes(seed).make("glpat-{20w}")
}

#[test]
fn several_on_one_line_are_told_apart() {
    let (one, two) = (secret(3), secret(5));
    let text =
        format!("a\nb = [\"{one}\", \"{two}\", \"{one}\"] # agentops:allow-secret(2) of the manual\nc = \"{two}\"\n");
    let scan = builtins().scan(&"a.py".into(), text.as_bytes()).unwrap();
    let shown: Vec<_> = scan.found.iter().map(|found| (found.line, found.column)).collect();
    assert_eq!(shown, [(Some(2), Some(7)), (Some(2), Some(37)), (Some(2), Some(67)), (Some(3), None)]);
    let allow = scan.found[1].allow.as_ref().unwrap();
    assert_eq!((allow.excuses, allow.there, scan.found[3].allow.is_none()), (2, 2, true));
    let binary = format!("\0{one}\0\n{two}\0");
    let scan = builtins().scan(&"a.bin".into(), binary.as_bytes()).unwrap();
    assert_eq!(
        scan.found.iter().map(|found| (found.line, found.column)).collect::<Vec<_>>(),
        [(None, Some(2)), (None, Some(30))]
    );
}

#[test]
fn lines_allows_and_overlaps() {
    let reason = |found: &Found<'_>| found.allow.as_ref().map(|allow| allow.reason.clone());
    let (one, two) = (secret(3), secret(5));
    let text =
        format!("a\ntoken = \"{one}\" # agentops:allow-secret revoked on the day it leaked\n\ntoken = \"{two}\"\n");
    let scan = builtins().scan(&"a.py".into(), text.as_bytes()).unwrap();
    let shown: Vec<_> =
        scan.found.iter().map(|found| (found.line, reason(found), found.redacted().to_string())).collect();
    assert_eq!(
        shown,
        [
            (Some(2), Some("revoked on the day it leaked".to_owned()), "glp… (26 characters)".to_owned()),
            (Some(4), None, "glp… (26 characters)".to_owned())
        ]
    );
    assert!(!format!("{scan:?}").contains(&one[10..]), "not even while debugging");
    assert!(scan.found[0].is_in(one.as_bytes()) && !scan.found[0].is_in(two.as_bytes()));
}

#[test]
fn utf16_is_read_and_what_is_no_text_is_asked_for_tokens_alone() {
    let token = secret(3);
    let text = format!("x\ntoken = \"{token}\"\napi_key = \"{}\"\n", Fakes(9).make("{32h}"));
    let mut wide = vec![0xff, 0xfe];
    wide.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let of = |bytes: &[u8]| {
        let scan = builtins().scan(&"a.bin".into(), bytes).unwrap();
        scan.found.iter().map(|found| (found.rule.id.to_string(), found.line)).collect::<Vec<_>>()
    };
    assert_eq!(of(&wide), [("gitlab-token".to_owned(), Some(2)), ("generic-secret".to_owned(), Some(3))]);
    let binary = [b"\x7fELF\0\0".as_slice(), text.as_bytes()].concat();
    assert_eq!(of(&binary), [("gitlab-token".to_owned(), None)]);
}

#[test]
fn one_long_line_and_many_secrets_have_limits() {
    let mut text = "x=1;token;secret;".repeat(40_000);
    text.push_str(&format!("\"{}\";", secret(3)));
    text.push_str(&"password;".repeat(1000));
    assert_eq!(found_in("a.min.js", &text).len(), 1);
    // Wherever a secret stands on a long line, and however near to the one before: no window cuts it.
    for distance in (3800..4200).step_by(7).chain((8100..8200).step_by(9)) {
        let text = format!("x {} {} {}", secret(3), "y".repeat(distance), secret(5));
        assert_eq!(found_in("a.min.js", &text).len(), 2, "{distance}");
        let key = |seed: u64| {
            Fakes(seed).make("-----BEGIN RSA PRIVATE KEY-----\n{64b}\n{64b}\n-----END RSA PRIVATE KEY-----\n")
        };
        let text = format!("{}{}{}", key(3), "y\n".repeat(2 * distance), key(5));
        assert_eq!(found_in("a.pem", &text).len(), 2, "{distance}");
    }
    let many: String = (1..400).map(|seed| format!("{}\n", secret(seed * 7919))).collect();
    let scan = builtins().scan(&"a".into(), many.as_bytes()).unwrap();
    assert!(scan.found.len() == MAX_FOUND && scan.has_more);
}

#[test]
fn rules_of_the_repository() {
    let rule = |id: &'static str, regex: &'static str, keyword: &'static str| SecretRule {
        id: id.into(),
        description: "a badge of Acme".into(),
        regex: regex.into(),
        secret_group: 0,
        entropy: 0,
        keywords: vec![keyword.into()].into(),
        path: None,
        checksum: None,
        tags: Vec::new().into(),
        allowlists: Vec::new().into(),
    };
    let list = |paths: &[&'static str], regexes: &[&'static str], all: bool, rules: &[&'static str]| Allowlist {
        description: "".into(),
        all,
        paths: paths.iter().map(|text| (*text).into()).collect(),
        regexes: regexes.iter().map(|text| (*text).into()).collect(),
        target: Target::Secret,
        stopwords: Vec::new().into(),
        rules: rules.iter().map(|text| (*text).into()).collect(),
    };
    let mut own = SecretRules { rules: vec![rule("acme", r"\bacme-[0-9]{6}\b", "acme-")], ..SecretRules::default() };
    let ids = |own: &SecretRules, path: &str, text: &str| {
        let scanner = Scanner::new(own);
        scanner
            .scan(&path.into(), text.as_bytes())
            .map(|scan| scan.found.iter().map(|found| found.rule.id.to_string()).collect::<Vec<_>>())
    };
    let text = format!("ACME-123456 acme-123456 {}", secret(3));
    assert_eq!(ids(&own, "a", &text), Ok(vec!["acme".into(), "gitlab-token".into()]));
    own.disabled.insert("gitlab-token".into());
    assert_eq!(ids(&own, "a", &text), Ok(vec!["acme".into()]));
    own.allowlists = vec![list(&["^docs/"], &["^acme-1"], true, &["acme"])];
    assert_eq!(ids(&own, "docs/a", &text), Ok(vec![]));
    assert_eq!(ids(&own, "a", &text), Ok(vec!["acme".into()]), "both conditions are asked for");
    own.allowlists = vec![list(&["^docs/"], &["^acme-1"], false, &["other"])];
    assert_eq!(ids(&own, "docs/a", &text), Ok(vec!["acme".into()]), "it is for another rule");
    own.rules.push(rule("broken", r"(?:x{1,1000}y{1,1000}){1,1000}", "zebra"));
    assert_eq!(ids(&own, "a", &text), Ok(vec!["acme".into()]), "not wanted, not compiled");
    let error = ids(&own, "a", "zebra").unwrap_err().to_string();
    assert!(
        error.starts_with("the rule `broken` about secrets cannot be used: this expression becomes a program"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_has_what_its_lines_have(picks in prop::collection::vec((0..PLANTED.len(), any::<u64>()), 1..12)) {
        let lines: Vec<String> = picks.iter().map(|(pick, seed)| {
            let (rule, template) = PLANTED[*pick];
            let template = if rule.ends_with("-setting") { template.split_once('\n').unwrap().1 } else { template };
            Fakes(seed | 1).make(template)
        }).filter(|line| !line.contains('\n')).collect();
        let apart: Vec<_> = lines.iter().enumerate().flat_map(|(index, line)| {
            found_in("a.env", line).into_iter().map(move |(rule, _, secret)| (rule, Some(index + 1), secret))
        }).collect();
        prop_assert_eq!(found_in("a.env", &lines.join("\n")), apart);
    }
}
