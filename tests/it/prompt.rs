//! Prompts in a real terminal. The program that asks is this test binary, started again in a terminal.

use agentops::env::{Env, Stream};
use agentops::ui::{PromptError, Settings, Ui};

use super::sandbox::Sandbox;
use super::terminal::Terminal;

/// Set where `child` is to ask.
const MARKER: &str = "AGENTOPS_PROMPT_CHILD";

fn ask() -> Terminal {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", "prompt::child", "--ignored", "--nocapture", "--test-threads=1"].map(str::to_owned);
    let sandbox = Sandbox::without_repository();
    let environment = [(MARKER.to_owned(), "1".into()), ("TERM".to_owned(), "xterm".into())];
    Terminal::start(&program.to_string_lossy(), &arguments, sandbox.root(), &environment)
}

#[test]
#[ignore = "asks; run in a terminal by the tests below"]
fn child() {
    if !Env::process().marker(MARKER) {
        return;
    }
    let interactive = Env::process().is_terminal(Stream::Input) && Env::process().is_terminal(Stream::Error);
    let ui = Ui::new(Settings { interactive, ..Settings::default() });
    let answer = ui.ask("Type the task's id\u{1b}:", |answer| match answer {
        "auth-k3f9" => Ok(answer.len()),
        _ => Err(format!("`{answer}` is another task")),
    });
    ui.data(|page| match answer {
        Ok(length) => page.text(format!("accepted {length}")),
        Err(PromptError::Ended) => page.text("ended"),
        Err(error) => page.text(format!("{error:?}")),
    });
}

#[test]
fn a_wrong_answer_is_asked_again() {
    let mut terminal = ask();
    terminal.wait_for("Type the task's id\\u{1b}: ");
    terminal.type_line("auth-k3f8");
    terminal.wait_for("again: `auth-k3f8` is another task");
    terminal.wait_for("Type the task's id");
    terminal.type_line("  auth-k3f9 ");
    terminal.wait_for("accepted 9");
    assert_eq!(terminal.finish().code, 0);
}

#[test]
fn the_end_of_input_is_no_answer() {
    let mut terminal = ask();
    terminal.wait_for("Type the task's id");
    terminal.press("\u{4}");
    terminal.wait_for("ended");
    assert_eq!(terminal.finish().code, 0);
}

#[test]
fn ctrl_c_ends_the_program_as_130() {
    let mut terminal = ask();
    terminal.wait_for("Type the task's id");
    terminal.press("\u{3}");
    let ending = terminal.finish();
    assert_eq!(ending.code, 130, "{}", ending.text);
    assert!(!ending.text.contains("accepted"), "{}", ending.text);
}
