//! What is told while commands run, on standard error.

use crate::engine::tasks::commands::Progress;
use crate::engine::tasks::commands::Ran;
use crate::ui::{Mode, Ui, dim, error, good, plain, strong};

/// Says which commands run; of those that failed the end of the output is shown, however quiet.
pub(super) fn tell_progress(ui: &Ui, progress: &Progress<'_>) {
    match progress {
        Progress::Starting(lines) => {
            for line in *lines {
                ui.talk(format!("running `{}`", line.join(" ")));
            }
        }
        Progress::Ended(all) => {
            for ran in *all {
                tell_ended(ui, ran);
            }
        }
    }
}

fn tell_ended(ui: &Ui, ran: &Ran) {
    let (line, took) = (ran.line.join(" "), format!(" ({} ms)", ran.run.ms));
    if ran.run.exit == 0 {
        if ui.mode() == Mode::Human && !ui.settings().quiet {
            ui.aside(|page| page.line([good("passed"), plain(format!(": `{line}`")), dim(took)]));
        }
        return;
    }
    ui.aside(|page| {
        page.line([error("failed"), plain(format!(": `{line}` with exit code ")), strong(ran.run.exit), dim(took)]);
        if ran.tail.trim().is_empty() {
            page.line([dim("  it printed nothing")]);
        }
        for text in ran.tail.lines() {
            page.line([plain("  "), plain(text)]);
        }
    });
}
