//! What flags and environment together say about output.

use std::ffi::OsString;

use super::command::{ColorWhen, Options};
use crate::env::{Env, Stream};
use crate::ui::{Mode, Settings};

/// The settings of a parsed command line.
pub(super) fn settings(options: &Options, env: &Env) -> Settings {
    // JSON has no colour, and what stands beside it is for logs.
    let color = |stream| !options.json && has_color(options.color, env, stream);
    Settings {
        mode: if options.json { Mode::Json } else { Mode::Human },
        quiet: options.quiet,
        color_output: color(Stream::Output),
        color_error: color(Stream::Error),
        interactive: !options.no_input && !env.ci() && env.is_terminal(Stream::Input) && env.is_terminal(Stream::Error),
        columns: env.columns(),
        terminal_output: env.is_terminal(Stream::Output),
        runner_reads: env.github_actions(),
    }
}

/// The settings of a command line that clap refused or answered itself: only the flags that change how the answer looks
/// are searched for, before any `--`.
pub(super) fn preflight(arguments: &[OsString], env: &Env) -> Settings {
    let mut options = Options::default();
    let mut rest = arguments.iter().skip(1).map_while(|argument| argument.to_str().filter(|text| *text != "--"));
    while let Some(argument) = rest.next() {
        match argument {
            "--json" => options.json = true,
            "--color" => options.color = rest.next().and_then(ColorWhen::by_name).unwrap_or_default(),
            _ => {
                if let Some(when) = argument.strip_prefix("--color=").and_then(ColorWhen::by_name) {
                    options.color = when;
                }
            }
        }
    }
    settings(&options, env)
}

/// Colour by flag, then `NO_COLOR`, then `CLICOLOR_FORCE` and `FORCE_COLOR`, then by terminal.
fn has_color(when: ColorWhen, env: &Env, stream: Stream) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if env.no_color() => false,
        ColorWhen::Auto => env.force_color() || (env.is_terminal(stream) && env.terminal_has_color()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal() -> Env {
        [Stream::Input, Stream::Output, Stream::Error]
            .into_iter()
            .fold(Env::fixed().with("TERM", "xterm"), Env::with_terminal)
    }

    fn color(when: ColorWhen, env: &Env) -> (bool, bool) {
        let settings = settings(&Options { color: when, ..Options::default() }, env);
        (settings.color_output, settings.color_error)
    }

    #[test]
    fn who_decides_on_colour() {
        assert_eq!(color(ColorWhen::Auto, &terminal()), (true, true));
        assert_eq!(color(ColorWhen::Auto, &terminal().with("TERM", "dumb")), (false, false));
        assert_eq!(color(ColorWhen::Auto, &terminal().with("NO_COLOR", "1").with("FORCE_COLOR", "1")), (false, false));
        assert_eq!(color(ColorWhen::Always, &terminal().with("NO_COLOR", "1")), (true, true));
        assert_eq!(color(ColorWhen::Never, &terminal().with("FORCE_COLOR", "1")), (false, false));
        assert_eq!(color(ColorWhen::Auto, &Env::fixed().with("CLICOLOR_FORCE", "1")), (true, true));
        let half = Env::fixed().with("TERM", "xterm").with_terminal(Stream::Error);
        assert_eq!(color(ColorWhen::Auto, &half), (false, true));
        let json = Options { json: true, color: ColorWhen::Always, ..Options::default() };
        assert!(!settings(&json, &terminal()).color_output);
    }

    #[test]
    fn who_can_be_asked() {
        let asks = |options: &Options, env: &Env| settings(options, env).interactive;
        assert!(asks(&Options::default(), &terminal()));
        assert!(!asks(&Options::default(), &terminal().with("CI", "true")));
        assert!(!asks(&Options { no_input: true, ..Options::default() }, &terminal()));
        assert!(!asks(&Options::default(), &Env::fixed().with_terminal(Stream::Input)));
        assert!(!asks(&Options::default(), &Env::fixed().with_terminal(Stream::Error)));
    }

    #[test]
    fn flags_are_found_in_a_broken_line() {
        let find = |line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let settings = preflight(&arguments, &Env::fixed());
            (settings.mode == Mode::Json, settings.color_error)
        };
        assert_eq!(find("agentops --jason"), (false, false));
        assert_eq!(find("agentops nonsense --json"), (true, false));
        assert_eq!(find("agentops nonsense -- --json"), (false, false));
        assert_eq!(find("agentops --color always nonsense"), (false, true));
        assert_eq!(find("agentops --color=always nonsense"), (false, true));
        assert_eq!(find("agentops --color"), (false, false));
    }
}
