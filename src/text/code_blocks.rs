//! Blocks of code: their lines, and which of them are commands.
//!
//! A fence that names a shell holds commands. One that names nothing, or plain text, may hold anything: there a command is known
//! by its prompt or its program. Source code holds none.

use super::keep::KEEP;

/// Programs by whose names a command line is known.
const PROGRAMS: &[&str] = &[
    "agentops",
    "ansible",
    "apt",
    "apt-get",
    "aws",
    "az",
    "bash",
    "brew",
    "cargo",
    "cd",
    "chmod",
    "cmake",
    "cp",
    "curl",
    "dbt",
    "docker",
    "gcloud",
    "gh",
    "git",
    "go",
    "gradle",
    "helm",
    "java",
    "just",
    "kubectl",
    "make",
    "mkdir",
    "mv",
    "mvn",
    "node",
    "npm",
    "npx",
    "pip",
    "pnpm",
    "poetry",
    "psql",
    "pytest",
    "python",
    "python3",
    "rm",
    "rsync",
    "ruby",
    "rustc",
    "rustup",
    "sh",
    "ssh",
    "sudo",
    "systemctl",
    "tar",
    "terraform",
    "uv",
    "wget",
    "yarn",
];

/// Languages of fences whose lines are commands, with or without what they print.
const SHELLS: &[&str] = &[
    "bash",
    "bash-session",
    "bat",
    "batch",
    "cmd",
    "console",
    "csh",
    "doscon",
    "fish",
    "ksh",
    "nu",
    "powershell",
    "ps1",
    "pwsh",
    "sh",
    "sh-session",
    "shell",
    "shell-session",
    "shellscript",
    "shellsession",
    "terminal",
    "zsh",
    "zsh-session",
];

/// Languages of fences that say nothing of their lines.
const PLAIN: &[&str] = &["", "log", "none", "output", "plain", "plaintext", "text", "txt"];

/// Words with which a sentence goes on that begins with a program's name: `make sure`, `go to`.
const GO_ON: &[&str] = &[
    "a", "an", "and", "are", "as", "can", "does", "for", "from", "has", "in", "into", "is", "it", "must", "needs",
    "of", "on", "or", "should", "sure", "that", "the", "this", "to", "uses", "was", "will", "with", "you", "your",
];

/// The command line that a code span is, without its prompt.
pub(super) fn command_in(span: &str) -> Option<&str> {
    if let Some(line) = span.strip_prefix("$ ").map(str::trim) {
        return line.contains(' ').then_some(line);
    }
    let line = span.strip_prefix("# ").filter(|line| runs_program(line)).unwrap_or(span).trim();
    let (program, rest) = line.split_once(' ')?;
    (PROGRAMS.contains(&program) && !rest.trim().is_empty()).then_some(line)
}

/// The command lines of a block of code: without prompts, comments, and, where there are prompts, without what was printed.
/// Lines that a backslash joins are one.
pub(super) fn commands(block: &str, language: &str) -> Vec<String> {
    if SHELLS.contains(&language) {
        command_lines(block, |_| true)
    } else if PLAIN.contains(&language) {
        command_lines(block, runs_program)
    } else {
        Vec::new()
    }
}

/// All lines of a block of code that are to be done or said word for word: commands where it may hold them, each line otherwise.
pub(super) fn all_lines(block: &str, language: &str) -> Vec<String> {
    if SHELLS.contains(&language) || PLAIN.contains(&language) {
        command_lines(block, |_| true)
    } else {
        lines(block).map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    }
}

/// The lines between the fences, or all of them where there are none.
pub(super) fn lines(block: &str) -> impl Iterator<Item = &str> {
    let is_fence = |line: &str| ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence));
    let is_fenced = block.lines().next().is_some_and(is_fence);
    let count = block.lines().count();
    block
        .lines()
        .enumerate()
        .filter(move |(at, line)| !is_fenced || *at > 0 && !(at + 1 == count && is_fence(line)))
        .map(|(_, line)| line)
}

/// A line of code that is marked as one that must be kept, without the mark and the comment that holds it.
pub(super) fn kept_of_code(line: &str) -> String {
    line.replace(KEEP, "").trim().trim_end_matches(['#', '/', '*', '-', ' ']).trim().to_owned()
}

/// The block as it can stand anywhere: in fences, not indented, and not quoted.
pub(super) fn fenced(block: &str, is_quoted: bool) -> String {
    let unquoted = |line: &str| match line.trim_start().strip_prefix('>') {
        Some(rest) if is_quoted => rest.strip_prefix(' ').unwrap_or(rest).to_owned(),
        _ => line.to_owned(),
    };
    let mut all: Vec<String> = block.trim_end().lines().map(unquoted).collect();
    let indent = |line: &String| line.len() - line.trim_start_matches([' ', '\t']).len();
    let inner = all.iter().skip(1).filter(|line| !line.trim().is_empty());
    let common = inner.map(indent).min().unwrap_or_default();
    for line in all.iter_mut().skip(1) {
        line.drain(..common.min(indent(line)));
    }
    let body = all.join("\n");
    if let Some(mark) = ['`', '~'].into_iter().find(|mark| body.starts_with(&mark.to_string().repeat(3))) {
        let fence = &body[..body.len() - body.trim_start_matches(mark).len()];
        let last = all.last().filter(|_| all.len() > 1).map_or("", |line| line.trim());
        let is_closed = last.len() >= fence.len() && last.chars().all(|c| c == mark);
        return if is_closed { body } else { format!("{body}\n{fence}") };
    }
    let fence = fence_of(&body);
    format!("{fence}\n{body}\n{fence}")
}

/// A fence for a block of code that has none.
fn fence_of(body: &str) -> &'static str {
    if body.contains("```") { "~~~~" } else { "```" }
}

/// A file in TOML as a block of code: without empty lines, and without comments but for those that are marked. Empty where nothing
/// is left.
pub(super) fn code_of_toml(text: &str) -> String {
    let mut inner = String::new();
    // A string of several lines may hold anything.
    let mut open = None;
    for line in text.lines().map(str::trim_end) {
        let is_comment = line.trim_start().starts_with('#') && !line.contains(KEEP);
        if open.is_some() || !line.is_empty() && !is_comment {
            inner.push_str(line);
            inner.push('\n');
            open = open_at_end(line, open);
        }
    }
    let fence = fence_of(&inner);
    if inner.trim().is_empty() { String::new() } else { format!("{fence}toml\n{inner}{fence}") }
}

/// The marks with which strings of TOML begin and end; those of several lines have three signs.
const STRINGS: [&str; 4] = ["\"\"\"", "'''", "\"", "'"];

/// The mark of the string of several lines that is open at the end of a line of TOML, where `open` is the one at its beginning.
fn open_at_end(line: &str, mut open: Option<&'static str>) -> Option<&'static str> {
    let mut rest = line;
    loop {
        let mark = match open {
            Some(mark) => mark,
            None => {
                rest = &rest[rest.find(['"', '\'', '#'])?..];
                // What begins with none of them is a comment.
                let mark = STRINGS.into_iter().find(|mark| rest.starts_with(mark))?;
                rest = &rest[mark.len()..];
                mark
            }
        };
        match behind_string(rest, mark) {
            Some(behind) => (rest, open) = (behind, None),
            None => return Some(mark).filter(|mark| mark.len() == 3),
        }
    }
}

/// What stands behind a string of TOML that ends with `mark`; `None` where it does not end in `text`.
fn behind_string<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    let (bytes, sign) = (text.as_bytes(), mark.as_bytes()[0]);
    let mut at = 0;
    while !bytes.get(at..)?.starts_with(mark.as_bytes()) {
        let is_escape = sign == b'"' && *bytes.get(at)? == b'\\';
        at += if is_escape { 2 } else { 1 };
    }
    at += mark.len();
    // Before the mark that ends a string of several lines there may be two more signs that belong to it.
    let more = bytes[at..].iter().take(mark.len() - 1).take_while(|byte| **byte == sign).count();
    Some(&text[at + more..])
}

/// The command lines of a block; where it has no prompts, those lines that `is_command`.
fn command_lines(block: &str, is_command: impl Fn(&str) -> bool) -> Vec<String> {
    let has_prompts = lines(block).any(|line| prompted(line.trim()).is_some());
    let mut found: Vec<String> = Vec::new();
    // Whether the line before was one, and whether it goes on in this one.
    let (mut follows, mut goes_on) = (false, false);
    for line in lines(block).map(str::trim) {
        let continued = line.strip_prefix("> ");
        let command = if goes_on {
            Some(continued.unwrap_or(line))
        } else if let Some(command) = prompted(line).or_else(|| as_root(line)) {
            Some(command)
        } else if has_prompts {
            continued.filter(|_| follows)
        } else {
            let command = continued.filter(|line| runs_program(line)).unwrap_or(line);
            Some(command).filter(|line| !line.starts_with('#') && is_command(line))
        };
        let Some(command) = command.map(str::trim) else {
            follows = false;
            continue;
        };
        let rest = command.strip_suffix('\\').filter(|rest| !rest.ends_with('\\'));
        let part = rest.unwrap_or(command).trim_end();
        match found.last_mut().filter(|_| goes_on) {
            Some(whole) => {
                whole.push_str(if whole.is_empty() || part.is_empty() { "" } else { " " });
                whole.push_str(part);
            }
            None => found.push(part.to_owned()),
        }
        (follows, goes_on) = (true, rest.is_some());
    }
    found.retain(|command| command.contains(char::is_alphanumeric));
    found
}

/// What stands behind a prompt: `$ `, `% `, `user@host:~$ `, `[user@host ~]# `, `PS C:\> `.
fn prompted(line: &str) -> Option<&str> {
    if let Some(command) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("% ")) {
        return Some(command);
    }
    if line.starts_with("PS ") {
        return line.split_once("> ").map(|(_, command)| command);
    }
    let (at, _) = line.match_indices(['$', '#']).find(|(at, _)| line[at + 1..].starts_with(' '))?;
    let prompt = &line[..at];
    let is_prompt = prompt.contains('@') && (prompt.starts_with('[') && prompt.ends_with(']') || !prompt.contains(' '));
    is_prompt.then(|| line[at + 2..].trim())
}

/// What stands behind the prompt of root, which begins comments as well: a known program tells them apart.
fn as_root(line: &str) -> Option<&str> {
    line.strip_prefix("# ").filter(|command| runs_program(command))
}

/// Whether a line runs a program that is known, or one by its path.
fn runs_program(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| *word == "sudo");
    let Some(program) = words.next() else { return false };
    if let Some(name) = program.strip_prefix("./") {
        return name.starts_with(char::is_alphanumeric);
    }
    let is_sentence = line.ends_with(['.', ':']) && !line.ends_with(" .");
    !is_sentence && PROGRAMS.contains(&program) && words.next().is_some_and(|word| !GO_ON.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stand_in_shells() {
        assert_eq!(commands("# first\ncargo test\n\nmake\n", "sh"), ["cargo test", "make"]);
        assert_eq!(commands("```console\n$ cargo run\nHello\n```", "console"), ["cargo run"]);
        assert_eq!(commands("fn main() {}\ncargo test", "rust"), [""; 0]);
        assert_eq!(commands("~~~pwsh\nPS C:\\x> git status\n~~~", "pwsh"), ["git status"]);
        assert_eq!(commands("me@host:~$ make all\n[me@host x]# reboot now\nnothing", ""), ["make all", "reboot now"]);
    }

    #[test]
    fn commands_are_known_without_a_shells_name() {
        for language in ["", "text"] {
            assert_eq!(
                commands("git revert HEAD\nmake sure that it works\n./undo.sh\nkept as it is\n", language),
                ["git revert HEAD", "./undo.sh"]
            );
            assert_eq!(commands("$ undo all\ndone\n", language), ["undo all"]);
        }
    }

    #[test]
    fn commands_may_have_several_lines() {
        assert_eq!(commands("cargo test \\\n  --lib \\\n  one\nmake", "sh"), ["cargo test --lib one", "make"]);
        assert_eq!(
            commands("$ for x in a; do\n> echo $x\n> done\na\n> not ours\n$ git add \\\n> .\n", "console"),
            ["for x in a; do", "echo $x", "done", "git add ."]
        );
    }

    #[test]
    fn root_has_a_prompt_that_looks_like_a_comment() {
        assert_eq!(
            commands("# apt-get install jq\n# make sure of it\n# and this\n", "console"),
            ["apt-get install jq"]
        );
        assert_eq!(command_in("# systemctl stop app"), Some("systemctl stop app"));
        assert_eq!(command_in("# a heading"), None);
    }

    #[test]
    fn all_lines_are_those_of_the_block() {
        assert_eq!(all_lines("```sql\nBEGIN;\n\n  DROP TABLE x;\n```", "sql"), ["BEGIN;", "DROP TABLE x;"]);
        assert_eq!(all_lines("```\nundo \\\n  it\n# why\n```", ""), ["undo it"]);
    }

    #[test]
    fn blocks_can_stand_anywhere() {
        assert_eq!(fenced("```sh\n     a\n       b\n     ```", false), "```sh\na\n  b\n```");
        assert_eq!(fenced("```sh\n> a\n> ```\n", true), "```sh\na\n```");
        assert_eq!(fenced("~~~~\na\n~~~", false), "~~~~\na\n~~~\n~~~~");
        assert_eq!(fenced("```", false), "```\n```");
        assert_eq!(fenced("a\n    b\n", false), "```\na\nb\n```");
        assert_eq!(kept_of_code("drop(x); // !keep"), "drop(x);");
    }

    #[test]
    fn strings_of_toml_begin_and_end_where_they_do() {
        for (line, open) in [
            ("a = 1 # \"\"\"", None),
            ("a = \"'''\"", None),
            ("a = '\"\"\"'", None),
            ("a = \"\\\"'''\" # b", None),
            ("a = [\"\", '', \"\"\"", Some("\"\"\"")),
            ("a = '''b\"\"\"", Some("'''")),
            ("a = '''b''''' # \"\"\"", None),
            ("a = ['''b'''', \"\"\"", Some("\"\"\"")),
            ("a = \"\"\"\\\"\"\" \u{e9}", Some("\"\"\"")),
            ("a = \"\"\"\"\"\"", None),
            ("a = \"not ended '''", None),
        ] {
            assert_eq!(open_at_end(line, None), open, "{line}");
        }
        assert_eq!(open_at_end("b\"\"\"", Some("'''")), Some("'''"));
        assert_eq!(open_at_end("b''', \"\"\"c", Some("'''")), Some("\"\"\""));
    }
}
