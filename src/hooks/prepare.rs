//! `prepare-commit-msg`: names the sections to somebody who writes a message in an editor. The message is the doer's: only
//! comment lines are added, which git takes away again, and only to a fresh message.

use std::fs;

use super::{Answer, Call, HookError, chained, io_error, message};
use crate::engine::Site;
use crate::engine::judging::staged::Ground;
use crate::model::message::{Cleanup, Comment};

/// How the first line of ours begins, after the comment.
const MARK: &str = "agentops: a message here has these sections";

pub(super) fn run(call: &Call<'_>) -> Result<Answer, HookError> {
    if let Some(hook) = chained::find(call)
        && let Some(refusal) = chained::run(call, &hook, None)?
    {
        return Ok(refusal);
    }
    // A second argument says where the text comes from: `-m`, a template, a merge, a squash, another commit.
    if call.arguments.len() > 1 || !message::is_edited(call) {
        return Ok(Answer::default());
    }
    let site = call.open()?;
    if site.repo.operation_in_progress().is_some() {
        return Ok(Answer::default());
    }
    // This hook judges nothing, and it runs with `--no-verify` too: what it cannot read must not keep anybody from mending
    // it. The other hooks complain.
    let Ok(base) = site.base() else { return Ok(Answer::default()) };
    add_sections(call, &site, &base.policy.config.sections)?;
    Ok(Answer::default())
}

fn add_sections(call: &Call<'_>, site: &Site<'_>, sections: &[String]) -> Result<(), HookError> {
    let file = call.message_file()?;
    let doing = format!("use the message `{}`", file.display());
    let text = message::read(&file)?;
    let comment = message::comment(site);
    let strips = message::cleanup(call, site) == Cleanup::Strip;
    // An amend is known by its commit alone: `Ground` then is not HEAD.
    let is_amend = Ground::of(site)?.commit != site.repo.head()?.commit();
    if let Some(new) = with_sections(&text, &comment, sections).filter(|_| strips && !is_amend) {
        // Whole or not at all: what the person wrote so far is in it.
        let permissions = fs::metadata(&file).map(|about| about.permissions()).ok();
        site.repo.replace_file(&file, &new, permissions).map_err(io_error(doing))?;
    }
    Ok(())
}

/// The text with our comment lines above git's own; `None` where they are there already, or would not be taken away.
fn with_sections(text: &[u8], comment: &Comment, sections: &[String]) -> Option<Vec<u8>> {
    let comment = comment.bytes(text);
    let lines = || text.split_inclusive(|byte| *byte == b'\n');
    let is_comment = |line: &&[u8]| line.starts_with(comment);
    let is_ours = |line: &[u8]| line.windows(MARK.len()).any(|part| part == MARK.as_bytes());
    // Where git keeps comments, it writes its own below a scissors line; `git commit -v` draws that line after them.
    let is_cut = |line: &[u8]| line.windows(4).any(|part| part == b" >8 ");
    if comment.is_empty() || lines().filter(is_comment).any(is_ours) || lines().find(is_comment).is_some_and(is_cut) {
        return None;
    }
    let at: usize = lines().take_while(|line| !is_comment(line)).map(<[u8]>::len).sum();
    let mut out = text[..at].to_vec();
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    let mut add = |line: String| {
        out.extend_from_slice(comment);
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    };
    add(format!(" {MARK}, each at the beginning of a line:"));
    let width = sections.iter().map(|token| token.chars().count()).max().unwrap_or_default() + 1;
    for token in sections {
        let line = format!("   {:<width$} {}", format!("{token}:"), meaning(token));
        add(line.trim_end().to_owned());
    }
    add(String::new());
    out.extend_from_slice(&text[at..]);
    Some(out)
}

/// What the well-known sections hold.
fn meaning(token: &str) -> &'static str {
    match token {
        "Context" => "why the change was needed",
        "Solution" => "what was done, and why so",
        "Learning" => "what was found out that will serve again",
        "Impact" => "what is different now, and for whom",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(text: &str, comment: &str) -> Option<String> {
        let sections = ["Context", "Why"].map(str::to_owned);
        with_sections(text.as_bytes(), &Comment::parse(comment), &sections).map(|out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn above_the_comments_of_git_and_only_once() {
        let git = "\nSigned-off-by: A\n\n# Please enter\n#\n";
        let once = prepared(git, "#").unwrap();
        insta::assert_snapshot!(once, @"

        Signed-off-by: A

        # agentops: a message here has these sections, each at the beginning of a line:
        #   Context: why the change was needed
        #   Why:
        #
        # Please enter
        #
        ");
        assert_eq!(prepared(&once, "#"), None);
        let kept: String = once.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        assert_eq!(kept, "\nSigned-off-by: A\n\n");
    }

    #[test]
    fn with_the_comment_of_git() {
        assert!(prepared("\n// Please\n", "//").unwrap().starts_with("\n// agentops"));
        assert!(prepared("#1\n\n; Please\n", "auto").unwrap().starts_with("#1\n\n; agentops"));
        assert!(prepared("text", "#").unwrap().starts_with("text\n# agentops"));
    }

    #[test]
    fn not_where_comments_stay() {
        let text = format!("\n# {} >8 {}\n# Do not\n", "-".repeat(24), "-".repeat(24));
        assert_eq!(prepared(&text, "#"), None);
        assert!(prepared(&format!("\n# Please\n{text}"), "#").is_some());
    }
}
