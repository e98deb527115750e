//! `agents/<name>.md`: YAML front matter with exactly three keys, a body, and a law checklist at its end.

use std::rc::Rc;

use serde::Deserialize;
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

use super::strict::{Source, Spot, listed, nearest, shorten};
use super::values::law_of;
use crate::model::canonical::check_line;
use crate::model::name::Word;
use crate::model::profile::Agent;

/// The kinds of work an agent may be made for.
const TYPES: &[&str] = &["research", "planning", "implementation", "verification"];
/// The heading of the last section.
const CHECKLIST: &str = "## Law checklist";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    role: Spanned<String>,
    agent_type: Spanned<String>,
    role_prompt: Spanned<String>,
}

/// Reads the file of the agent `name`; `None` where it has problems, which stay with `source`.
pub(crate) fn read(source: &Rc<Source>, name: Word) -> Option<Agent> {
    if source.has_problems() {
        return None;
    }
    let text = source.text();
    let parts = text.strip_prefix("---\n").and_then(|rest| {
        let end = if rest.starts_with("---\n") { 0 } else { rest.find("\n---\n")? + 1 };
        Some((&rest[..end], 4 + end + 4))
    });
    let Some((yaml, body_start)) = parts else {
        let fix = "begin with a line `---`, then `role`, `agent_type` and `role_prompt`, then a line `---`";
        source.report(0, "the file has no front matter.", fix);
        return None;
    };
    check_body(source, body_start);
    let matter = read_front_matter(source, yaml)?;
    let agent_type = Word::parse(&matter.agent_type.value).ok();
    (!source.has_problems()).then_some(())?;
    Some(Agent { name, role: matter.role.value, agent_type: agent_type?, role_prompt: matter.role_prompt.value })
}

fn read_front_matter(source: &Rc<Source>, yaml: &str) -> Option<FrontMatter> {
    let mut options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        with_snippet: false,
        strict_booleans: true,
    };
    // Three texts need next to nothing; aliases, merges and deep nesting have no use here.
    options.budget = serde_saphyr::budget! {
        max_events: 64,
        max_nodes: 32,
        max_depth: 4,
        max_aliases: 0,
        max_anchors: 0,
        max_merge_keys: 0,
        max_documents: 1,
        max_total_scalar_bytes: 16 * 1024,
    };
    let matter: FrontMatter = match serde_saphyr::from_str_with_options(yaml, options) {
        Ok(matter) => matter,
        Err(error) => {
            let offset = error.location().map_or(0, |location| offset_of(yaml, location.line(), location.column()));
            let said = error.without_snippet().to_string().replace('\n', " ");
            // The line within the front matter would contradict the line within the file.
            let said = said.split(" at line ").next().unwrap_or_default();
            source.report(
                4 + offset,
                format!("the front matter can not be read: {}.", shorten(said.trim_end_matches('.'))),
                "write exactly `role`, `agent_type` and `role_prompt`, each with a text",
            );
            return None;
        }
    };
    let spot = |value: &Spanned<String>| {
        Spot::new(source, 4 + offset_of(yaml, value.referenced.line(), value.referenced.column()))
    };
    for (what, value, limit) in [("role", &matter.role, 200), ("role_prompt", &matter.role_prompt, 4000)] {
        // A block text ends with a line feed; a prompt may have several lines.
        let text = value.value.trim_end();
        let lines: &str = if what == "role" { text } else { &text.replace('\n', " ") };
        if let Err(error) = check_line(&format!("`{what}`"), lines, limit, false) {
            spot(value).report(format!("{error}."), "correct the text");
        }
    }
    let kind = matter.agent_type.value.as_str();
    if !TYPES.contains(&kind) {
        let fix = match nearest(kind, TYPES) {
            Some(meant) => format!("did you mean `{meant}`? Allowed are {}", listed(TYPES)),
            None => format!("allowed are {}", listed(TYPES)),
        };
        spot(&matter.agent_type).report(format!("`{}` is no value of `agent_type`.", shorten(kind)), fix);
    }
    Some(matter)
}

/// The last section of the body is the law checklist; its items name laws that exist.
fn check_body(source: &Rc<Source>, start: usize) {
    let text = source.text();
    let mut offset = start;
    let mut last_heading: Option<(usize, &str)> = None;
    let mut items = 0;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        if line.starts_with("## ") || line.starts_with("# ") {
            last_heading = Some((offset, line.trim_end()));
            items = 0;
        } else if let Some(item) = line.strip_prefix("- [ ] ") {
            let in_checklist = last_heading.is_some_and(|(_, heading)| heading == CHECKLIST);
            if in_checklist {
                items += 1;
                let id: String = item.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                law_of(&id, &Spot::new(source, offset + 6));
            }
        }
        offset += line.len();
    }
    let fix = "end the file with `## Law checklist` and lines such as `- [ ] AO-L1: a learning is extracted`";
    match last_heading {
        Some((_, CHECKLIST)) if items > 0 => {}
        Some((at, CHECKLIST)) => source.report(at, "the law checklist is empty.", fix),
        _ => source.report(text.len(), "the file does not end with a law checklist.", fix),
    }
}

/// The byte offset of a line and column, both from 1, in `text`.
fn offset_of(text: &str, line: u64, column: u64) -> usize {
    let (line, column) = (usize::try_from(line).unwrap_or(1), usize::try_from(column).unwrap_or(1));
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default().chars().take(column.saturating_sub(1));
    start + rest.map(char::len_utf8).sum::<usize>()
}
