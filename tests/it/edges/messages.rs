//! Messages, as git will commit them. Cases 6 and 7.

use std::fs;

use super::refused;
use crate::hooks::with_editor;
use crate::sandbox::{Output, Sandbox, lawful};

/// How git is told to treat a message.
struct Manner<'m> {
    cleanup: Option<&'m str>,
    comment: Option<&'m str>,
    /// Further arguments; `--edit` opens an editor that writes the message above what git put there.
    arguments: &'m str,
}

impl Manner<'_> {
    fn commit(&self, sandbox: &Sandbox, text: &str, more: &str) -> Output {
        let place = sandbox.root().join("message");
        fs::write(&place, text).unwrap();
        let mut call = sandbox.try_git("");
        let cleanup = self.cleanup.map(|mode| format!("commit.cleanup={mode}"));
        let comment = self.comment.map(|mark| format!("core.commentString={mark}"));
        for setting in [cleanup, comment].into_iter().flatten() {
            call = call.arg("-c").arg(setting);
        }
        call = call.arg("commit").arg("--quiet").arg("--allow-empty");
        for word in self.arguments.split_whitespace().chain(more.split_whitespace()).filter(|word| *word != "--edit") {
            call = call.arg(word);
        }
        if self.arguments.contains("--edit") {
            let merged = sandbox.root().join("merged");
            let script = format!("cat {0} \"$1\" > {1}; cp {1} \"$1\"", place.display(), merged.display());
            with_editor(call, &script).run()
        } else {
            call.arg("--file").arg(&place).run()
        }
    }

    /// Fails unless our hook refuses the message exactly where what git makes of it is unlawful. Whether it is lawful.
    #[track_caller]
    fn judge(&self, sandbox: &Sandbox, case: &str, text: &str) -> bool {
        let before = sandbox.git("rev-parse HEAD");
        // What git commits, when nobody judges it.
        self.commit(sandbox, text, "--no-verify").expect_code(0);
        let made = sandbox.git("log -1 --format=%B");
        sandbox.git(&format!("reset --quiet --soft {before}"));
        let is_lawful = made.starts_with("feat: ") && made.contains("\nLearning: ");
        let judged = self.commit(sandbox, text, "");
        let case =
            format!("{case}: {:?} {:?} {}\n{}\n{made}", self.cleanup, self.comment, self.arguments, judged.snapshot());
        assert_eq!(judged.code, Some(i32::from(!is_lawful)), "{case}");
        assert_eq!(judged.stderr.contains("refused: `commit-msg` of agentops"), !is_lawful, "{case}");
        sandbox.git(&format!("reset --quiet --soft {before}"));
        is_lawful
    }
}

const SCISSORS: &str = "------------------------ >8 ------------------------";

/// Every `commit.cleanup` with one comment, with and without an editor.
fn judged_in_every_manner(comment: Option<&str>) {
    let sandbox = Sandbox::hooked();
    let good = lawful("feat: add a");
    let mark = comment.filter(|mark| *mark != "auto").unwrap_or("#");
    let learning = good.lines().find(|line| line.starts_with("Learning: ")).unwrap();
    let texts = [
        // Its subject is the second line, where the first is a comment.
        ("a comment first", format!("{mark}12 is wip\n{good}")),
        ("another's comment first", format!(";12 is wip\n{good}")),
        ("with CR", good.replace('\n', "\r\n")),
        // The learning alone is missing, above the line at least.
        (
            "a learning below the scissors",
            format!("{}\n{mark} {SCISSORS}\n{learning}\n", good.replace(learning, "Nothing was learned.")),
        ),
    ];
    let (mut lawful_ones, mut unlawful) = (0, 0);
    for cleanup in [None, Some("default"), Some("strip"), Some("whitespace"), Some("verbatim"), Some("scissors")] {
        for arguments in ["--edit", "--edit --verbose", ""] {
            let manner = Manner { cleanup, comment, arguments };
            for (case, text) in &texts {
                // Git cuts what it drew itself: in an editor, for `-v` or for mode `scissors`. No hook is told of `-v`, so we cut
                // always, and what somebody drew who edits nothing may be judged too strictly.
                let draws = arguments.contains("--verbose") || (cleanup == Some("scissors") && arguments == "--edit");
                if case.contains("scissors") && !draws {
                    continue;
                }
                if manner.judge(&sandbox, case, text) {
                    lawful_ones += 1;
                } else {
                    unlawful += 1;
                }
            }
        }
    }
    assert!(lawful_ones > 10 && unlawful > 5, "{lawful_ones} lawful, {unlawful} unlawful");
}

#[test]
fn case_06_the_usual_comment_in_every_cleanup() {
    judged_in_every_manner(None);
}

#[test]
fn case_06_another_comment_in_every_cleanup() {
    judged_in_every_manner(Some(";"));
}

#[test]
fn case_06_a_long_comment_in_every_cleanup() {
    judged_in_every_manner(Some("note to all: "));
}

#[test]
fn case_06_a_comment_that_git_chooses_in_every_cleanup() {
    judged_in_every_manner(Some("auto"));
}

#[test]
fn case_06_the_last_setting_of_two_names_counts() {
    let sandbox = Sandbox::hooked();
    let text = format!("//12 is wip\n{}", lawful("feat: add a"));
    let manner = Manner { cleanup: Some("strip"), comment: None, arguments: "" };
    for (settings, expected) in [
        (["commentString //", "commentChar ;"], false),
        (["commentChar ;", "commentString //"], true),
        (["commentString ;", "commentChar //"], true),
    ] {
        for setting in settings {
            sandbox.git(&format!("config core.{setting}"));
        }
        assert_eq!(manner.judge(&sandbox, "two names", &text), expected, "{settings:?}");
        for name in ["commentChar", "commentString"] {
            sandbox.git(&format!("config --unset core.{name}"));
        }
    }
}

#[test]
fn case_06_encodings() {
    let sandbox = Sandbox::hooked();
    let with = |subject: &str, bytes: &[u8], setting: &str| {
        let call = sandbox.try_git(&format!("{setting} commit --quiet --allow-empty --file=-"));
        let output = call.stdin(bytes).run();
        (output.code == Some(0), format!("{subject}: {}", output.snapshot()))
    };
    let passes = |subject: &str, bytes: &[u8], setting: &str| {
        let (passed, told) = with(subject, bytes, setting);
        assert!(passed, "{told}");
    };
    let good = lawful("feat: naïve café");
    let latin: Vec<u8> = good.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    passes("with a mark of the byte order", format!("\u{feff}{}", lawful("feat: marked")).as_bytes(), "");
    passes("latin", &latin, "-c i18n.commitEncoding=ISO-8859-1");
    // Its words are read, not only its shape: the same learning in UTF-8 is the same.
    let (passed, told) = with("the same in UTF-8", good.replace("feat: naïve", "feat: the").as_bytes(), "");
    assert!(!passed && told.contains("error[AO-L1]"), "{told}");
    let bare = "feat: naïve\n\nContext: it was asked for\n";
    let latin: Vec<u8> = bare.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let (passed, told) = with("unlawful in latin", &latin, "-c i18n.commitEncoding=ISO-8859-1");
    assert!(!passed && told.contains("error[AO-L3]"), "{told}");
}

#[test]
fn case_06_messages_that_git_writes() {
    let sandbox = Sandbox::hooked();
    sandbox.guards("feat: add a");
    let head = sandbox.git("rev-parse HEAD");
    let stage = |text: &str| {
        sandbox.write("a.txt", text);
        sandbox.git("add a.txt");
    };
    // To be folded into another commit: they need no sections, as their target has them; and what is planted is found.
    for form in ["--fixup HEAD", "--squash HEAD --no-edit", "--fixup=amend:HEAD --no-edit"] {
        stage(form);
        sandbox.plant();
        super::found(&sandbox.try_git(&format!("commit --quiet {form}")).run());
        sandbox.uproot();
        sandbox.try_git(&format!("commit --quiet {form}")).run().expect_code(0);
        sandbox.git(&format!("reset --quiet --hard {head}"));
    }
    // A merge with conflicts: MERGE_MSG is the message.
    sandbox.git("switch --quiet --create side");
    stage("side\n");
    sandbox.commit("feat: a by the side", "").expect_code(0);
    stage("side, once more\n");
    sandbox.commit("feat: a by the side again", "").expect_code(0);
    sandbox.git("switch --quiet main");
    stage("main\n");
    sandbox.commit("feat: a by main", "").expect_code(0);
    sandbox.try_git("merge --quiet side").run().expect_code(1);
    stage("both\n");
    sandbox.plant();
    super::found(&sandbox.try_git("commit --quiet --no-edit").run());
    sandbox.uproot();
    // Its own words are wanted, for somebody decided something.
    refused(&sandbox.try_git("commit --quiet --no-edit").run(), "AO-R3");
    sandbox.commit("chore(merge): a by both", "").expect_code(0);
    assert_eq!(sandbox.git("rev-list --merges --count HEAD"), "1");
    sandbox.git("reset --quiet --hard HEAD~1");
    // A squash: SQUASH_MSG holds the messages of all that went into it.
    sandbox.try_git("merge --quiet --squash side").run();
    stage("both\n");
    refused(&sandbox.try_git("commit --quiet -m").arg("Squashed commit").run(), "AO-L3");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat: squashed")).run().expect_code(0);
    // A revert in several steps, and one with a conflict.
    sandbox.git("revert --no-commit HEAD");
    refused(&sandbox.try_git("commit --quiet -m").arg("Revert things").run(), "AO-R3");
    let message = lawful("feat: gone").replacen(
        "feat: gone",
        &format!("Revert \"feat: squashed\"\n\nThis reverts commit {head}."),
        1,
    );
    sandbox.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
    // Git ends a commit with an empty message by itself unless it is told not to, and no hook sees which: so it is refused
    // as any message that says nothing, and whoever meant to end the commit reads that it is ended.
    stage("more\n");
    let head = sandbox.git("rev-parse HEAD");
    for option in ["", "--allow-empty-message"] {
        for text in ["", "\n\n", "# only a comment\n"] {
            let call =
                sandbox.try_git(&format!("-c commit.cleanup=strip commit --quiet --file=- {option}")).stdin(text);
            let output = call.run();
            refused(&output, "AO-L3");
            assert!(output.stderr.contains("hint: an empty message aborts the commit"), "{}", output.snapshot());
            assert!(output.code == Some(1) && !output.stderr.contains("is kept"), "{}", output.snapshot());
        }
    }
    assert_eq!(sandbox.git("rev-parse HEAD"), head);
}

#[test]
fn case_07_what_prepare_adds_it_adds_once_and_to_new_messages_alone() {
    let sandbox = Sandbox::hooked();
    let seen = sandbox.root().join("seen");
    let mark = "# agentops: a message here has these sections";
    let times = |arguments: &str| {
        let _ = fs::remove_file(&seen);
        let script = format!("cp \"$1\" {}; exit 1", seen.display());
        with_editor(sandbox.try_git(arguments), &script).run();
        fs::read_to_string(&seen).unwrap_or_else(|error| panic!("{arguments}: {error}")).matches(mark).count()
    };
    sandbox.guards("feat: add a");
    sandbox.write("template", "feat: \n\n# of the team\n");
    for (arguments, expected) in [
        ("commit --allow-empty", 1),
        ("commit --allow-empty --verbose", 1),
        ("commit --allow-empty --signoff", 1),
        ("commit --amend", 0),
        ("commit --allow-empty -c HEAD", 0),
        ("commit --allow-empty --edit -m x", 0),
        ("commit --allow-empty --template template", 0),
        ("commit --allow-empty --cleanup=scissors", 0),
        ("commit --allow-empty --squash HEAD", 0),
    ] {
        assert_eq!(times(arguments), expected, "{arguments}");
    }
    // The hook again on what it made.
    times("commit --allow-empty");
    let once = fs::read(&seen).unwrap();
    with_editor(sandbox.agentops("hooks run prepare-commit-msg").arg(&seen), "true").run().expect_code(0);
    assert_eq!(fs::read(&seen).unwrap(), once);
    // In the midst of a merge, a squash and a rebase messages are git's.
    sandbox.git("switch --quiet --create side");
    sandbox.guards("feat: side");
    sandbox.git("switch --quiet main");
    sandbox.guards("feat: main");
    assert_eq!(times("merge --no-ff --edit side"), 0);
    sandbox.try_git("merge --abort").run();
    sandbox.git("merge --quiet --squash side");
    assert_eq!(times("commit"), 0);
    sandbox.git("reset --quiet --hard");
    sandbox.git("switch --quiet side");
    let before = sandbox.git("log -1 --format=%B");
    sandbox.git("rebase --quiet main");
    assert_eq!(sandbox.git("log -1 --format=%B"), before);
    // Reworded in a rebase: what comes out is judged.
    let reword = |text: &str| {
        let editor = format!("printf '{text}' > \"$1\"");
        let call = sandbox
            .try_git("rebase --quiet --interactive HEAD~1")
            .env("GIT_SEQUENCE_EDITOR", "sed -i.bak s/^pick/reword/");
        let output = with_editor(call, &editor).run();
        sandbox.try_git("rebase --abort").run();
        output
    };
    refused(&reword("wip\\n"), "AO-L3");
    assert_eq!(sandbox.subject(), "feat: side");
    reword(&lawful("feat: reworded").replace('\n', "\\n")).expect_code(0);
    assert_eq!(sandbox.subject(), "feat: reworded");
}
