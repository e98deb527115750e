//! Makes two things while the program is built, so that no start has to: how it is linked, and the built-in rules about
//! secrets.
//!
//! It is linked without position independence where that is plain: on Linux with the GNU C library. A hook is started three
//! times a commit. A position-independent program of this size spends 0.4 ms of each start on relocating itself and copying
//! the pages where it did; the same code at a fixed address starts at once. What that gives up, random addresses of the
//! program's own code, guards against memory errors, which safe code does not have. Where it shall be static besides
//! (`.ci/static`), the compiler would make a static program that relocates itself: not so here.
//!
//! `src/secrets/rules.toml` becomes statics, the keywords of its rules one automaton, and of each expression it is read what every match holds. A test reads the file as a
//! repository's own rules are read, and compares: what is not read here is missed there.

#![expect(clippy::disallowed_methods, reason = "cargo describes the target in the environment")]

use std::fmt::Write as _;
use std::path::Path;

use toml::{Table, Value};

#[path = "src/secrets/automaton.rs"]
mod automaton;
#[expect(dead_code, reason = "what the search asks of a shape")]
#[path = "src/secrets/shape.rs"]
mod shape;

use automaton::Automaton;
use shape::Shape;

const RULES: &str = "src/secrets/rules.toml";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={RULES}");
    println!("cargo::rerun-if-changed=src/secrets/automaton.rs");
    println!("cargo::rerun-if-changed=src/secrets/shape.rs");
    let text = std::fs::read_to_string(RULES).expect("the built-in rules");
    let out = std::env::var("OUT_DIR").expect("cargo names a folder for what is made");
    std::fs::write(Path::new(&out).join("secret_rules.rs"), statics(&text)).expect("a written file");
    link();
}

fn link() {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    if std::env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|features| features.contains("crt-static")) {
        println!("cargo::rustc-link-arg-bins=-static");
    }
    println!("cargo::rustc-link-arg-bins=-no-pie");
}

/// The statics `RULES`, `SHAPES` and `KEYWORDS`.
fn statics(text: &str) -> String {
    let file: Table = text.parse().expect("the built-in rules are TOML");
    let rules = tables(&file, "rules");
    let mut out = format!("static RULES: [SecretRule; {}] = [\n", rules.len());
    for rule in &rules {
        let entropy = rule.get("entropy").and_then(Value::as_float).unwrap_or_default();
        let group = rule.get("secretGroup").and_then(Value::as_integer).unwrap_or_default();
        let checksum = match rule.get("checksum").and_then(Value::as_str) {
            None => "None",
            Some("crc32-base62") => "Some(Checksum::Crc32Base62)",
            Some(other) => panic!("`{other}` is no checksum"),
        };
        let path = rule.get("path").map_or("None".to_owned(), |_| format!("Some({})", one(rule, "path")));
        let lists: Vec<String> = tables(rule, "allowlists").iter().map(allowlist).collect();
        let _ = writeln!(
            out,
            "SecretRule {{ id: {}, description: {}, regex: {}, secret_group: {group}, entropy: {}, keywords: {}, path: {path}, \
             checksum: {checksum}, tags: {}, allowlists: Cow::Borrowed(&[{}]) }},",
            one(rule, "id"),
            one(rule, "description"),
            one(rule, "regex"),
            (entropy * 1000.0).round(),
            many(rule, "keywords"),
            many(rule, "tags"),
            lists.join(", "),
        );
    }
    out.push_str("];\n");
    let _ = writeln!(
        out,
        "static SHAPES: [Shape; {}] = {:?};",
        rules.len(),
        rules.iter().map(shape_of).collect::<Vec<_>>()
    );
    let keywords: Vec<(String, u16)> = rules
        .iter()
        .zip(0u16..)
        .flat_map(|(rule, number)| texts(rule, "keywords").into_iter().map(move |keyword| (keyword, number)))
        .collect();
    let automaton = Automaton::new(keywords.iter().map(|(keyword, number)| (keyword.as_str(), *number)));
    let owners: Vec<String> = automaton.owners.iter().map(|owners| format!("Cow::Borrowed(&{owners:?})")).collect();
    let _ = writeln!(
        out,
        "static KEYWORDS: Automaton = Automaton {{ columns: Cow::Borrowed(&{:?}), width: {}, next: Cow::Borrowed(&{:?}), \
         first_ending: {}, owners: Cow::Borrowed(&[{}]) }};",
        automaton.columns,
        automaton.width,
        automaton.next,
        automaton.first_ending,
        owners.join(", "),
    );
    out
}

/// As `secrets::pattern` reads expressions.
fn shape_of(rule: &Table) -> Shape {
    let text = rule.get("regex").and_then(Value::as_str).expect("an expression");
    let mut parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
    Shape::of(&parser.parse(text).expect("an expression that can be parsed"))
}

fn allowlist(list: &Table) -> String {
    let all = list.get("condition").and_then(Value::as_str) == Some("AND");
    let target = match list.get("regexTarget").and_then(Value::as_str) {
        None | Some("secret") => "Secret",
        Some("match") => "Match",
        Some("line") => "Line",
        Some(other) => panic!("`{other}` is no target"),
    };
    format!(
        "Allowlist {{ description: {}, all: {all}, paths: {}, regexes: {}, target: Target::{target}, stopwords: {}, rules: {} }}",
        one(list, "description"),
        many(list, "paths"),
        many(list, "regexes"),
        many(list, "stopwords"),
        many(list, "targetRules"),
    )
}

fn tables(table: &Table, key: &str) -> Vec<Table> {
    let items = table.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    items.into_iter().map(|item| item.as_table().expect("a table").clone()).collect()
}

fn texts(table: &Table, key: &str) -> Vec<String> {
    let items = table.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    items.iter().map(|item| item.as_str().expect("a text").to_owned()).collect()
}

fn one(table: &Table, key: &str) -> String {
    let text = table.get(key).and_then(Value::as_str);
    format!("Cow::Borrowed({:?})", text.unwrap_or_else(|| panic!("`{key}` is missing in {table:?}")))
}

fn many(table: &Table, key: &str) -> String {
    let items: Vec<String> = texts(table, key).iter().map(|text| format!("Cow::Borrowed({text:?})")).collect();
    format!("Cow::Borrowed(&[{}])", items.join(", "))
}
