//! Messages that the laws let pass, and histories of them.

use std::fmt::Write as _;
use std::path::Path;

use crate::setting::{Bench, finding};

pub(crate) fn lawful(number: usize) -> String {
    format!(
        "feat(store): keep record {number} beside its index\n\nContext: Reader {number} met index entries whose record had moved to another file.\n\n\
         Solution: Record {number} is written next to its index block, so both lie in one page.\n\n\
         Learning: {}.\n\n\
         Impact: Lookups of record {number} touch one page instead of {}.\n",
        finding(number),
        number % 7 + 2
    )
}

/// Lays `count` commits with messages on top of `base`, and checks the last one out. Of each hundred three break a law:
/// number 3 has no `Learning:` section, 36 is `wip`, 69 has a subject that is too long.
pub(crate) fn plant(bench: &Bench, dir: &Path, base: &str, count: usize) {
    let mut stream = format!("reset refs/heads/main\nfrom {base}\n\n");
    for number in 0..count {
        let message = match number % 100 {
            3 => lawful(number).lines().filter(|line| !line.starts_with("Learning")).collect::<Vec<_>>().join("\n"),
            36 => format!("wip {number}\n"),
            69 => lawful(number).replacen("beside its index", &"beside its index ".repeat(6), 1),
            _ => lawful(number),
        };
        let body = format!("key: {number}\n");
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter Ada <ada@example.org> {} +0000\ndata {}\n{message}\nM 100644 inline d0/f{}.yaml\ndata {}\n{body}\n",
            1_700_000_000 + number,
            message.len(),
            number % 250,
            body.len()
        );
    }
    bench.fast_import(dir, stream.as_bytes());
}
