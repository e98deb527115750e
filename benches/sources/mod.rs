//! Text like a program's source, made up from numbers, with a token in some of it.

use std::fmt::Write as _;

/// How large each file is.
const FILE_BYTES: usize = 256 * 1024;
/// Every so manieth file has one secret.
pub(crate) const PLANTED_EVERY: usize = 40;

/// A line with a token made up from a number.
pub(crate) fn planted(number: usize) -> String {
    let letters = b"7xK2mQ9vRtB4nW8sLp3ZcY6dHf5jGg1aE";
    let body: String = (0..20).map(|at| char::from(letters[(at * at + 7 * number + at) % letters.len()])).collect();
    format!("let deploy = \"glpat-{body}\";\n")
}

/// Text like a program's source: identifiers, strings, URLs and digests, keywords of rules among them.
pub(crate) fn text(number: usize) -> String {
    const WORDS: [&str; 24] = [
        "token",
        "parser",
        "secret_name",
        "value",
        "password_field",
        "index",
        "buffer",
        "api_key_header",
        "state",
        "request",
        "response",
        "keyword",
        "credential_store",
        "length",
        "offset",
        "handle",
        "session",
        "private_key_path",
        "commit",
        "tree",
        "access_token_url",
        "count",
        "error",
        "task",
    ];
    let mut seed = 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(number as u64 + 1) | 1;
    let mut next = move |limit: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 24) as usize % limit
    };
    let mut out = String::with_capacity(FILE_BYTES + 200);
    if number.is_multiple_of(PLANTED_EVERY) {
        out.push_str(&planted(number));
    }
    while out.len() < FILE_BYTES {
        let (one, two) = (WORDS[next(WORDS.len())], WORDS[next(WORDS.len())]);
        let count = next(10_000);
        let _ = match next(12) {
            0 => writeln!(out, "fn {one}_{two}(&self, {two}: &str) -> Result<usize, Error> {{"),
            1 => writeln!(out, "    let {one} = self.{two}.get({count}).ok_or(Error::Missing)?;"),
            2 => writeln!(
                out,
                "    // The {one} of a {two} is read once; see https://docs.example.org/{one}/{two}.html#{count}."
            ),
            3 => writeln!(out, "    if {one}.len() > {count} && {two}.is_empty() {{ return Err(Error::Large); }}"),
            4 => writeln!(out, "    \"{one}\": \"{two} of {count}\","),
            5 => writeln!(
                out,
                "    checksum = \"{:016x}{:016x}{:016x}{:016x}\"",
                next(1 << 40),
                next(1 << 40),
                next(1 << 40),
                next(1 << 40)
            ),
            6 => writeln!(out, "}}\n"),
            7 => writeln!(out, "    assert_eq!({one}.{two}(), Some(\"{two}\"), \"{{{one}}}\");"),
            8 => writeln!(out, "use crate::{one}::{{{two}, Limits}};"),
            9 => writeln!(out, "    config.set(\"{one}\", settings.{two});"),
            10 => writeln!(out, "    for ({one}, {two}) in entries.iter().zip({count}..) {{ sum += {one} * {two}; }}"),
            _ => writeln!(out, "    /// Whether the {one} has a {two}, and how often."),
        };
    }
    out
}
