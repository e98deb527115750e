//! The outer shell: first steps, help, wrong usage, JSON, colour, closed pipes.

use super::sandbox::Sandbox;

#[test]
fn the_program_alone_shows_the_first_steps() {
    let sandbox = Sandbox::without_repository();
    let output = sandbox.agentops("").run().expect_code(0);
    assert!(output.stdout.lines().count() <= 20, "{}", output.snapshot());
    assert_eq!(output.stdout.lines().last(), Some("next: agentops init"), "{}", output.snapshot());
    assert_eq!(output.stderr, "");
    let governed = Sandbox::governed().agentops("").run().expect_code(0);
    assert_eq!(governed.stdout.lines().last(), Some("next: agentops session suggest"), "{}", governed.snapshot());
    insta::assert_snapshot!(sandbox.agentops("--json").run().snapshot(), @r#"
    exit 2
    --- stdout
    {"schema_version":1,"error":{"code":"usage","message":"a command is needed","hint":"`agentops help` lists them"}}
    "#);
}

#[test]
fn versions_are_one_line() {
    let sandbox = Sandbox::without_repository();
    let version = env!("CARGO_PKG_VERSION");
    for spelling in ["--version", "-V"] {
        assert_eq!(sandbox.agentops(spelling).run().expect_code(0).stdout, format!("agentops {version}\n"));
    }
    for spelling in ["version --json", "--version --json", "--json version"] {
        let output = sandbox.agentops(spelling).run().expect_code(0);
        let expected = format!("{{\"schema_version\":1,\"version\":\"{version}\",\"format\":1,\"laws\":2}}\n");
        assert_eq!(output.stdout, expected, "{spelling}");
    }
}

#[test]
fn help_is_data_with_examples_first() {
    let sandbox = Sandbox::without_repository();
    let long = sandbox.agentops("explain --help").run().expect_code(0);
    assert_eq!(long.stderr, "");
    let (examples, usage) = (long.stdout.find("Examples:").unwrap(), long.stdout.find("Usage:").unwrap());
    assert!(examples < usage, "{}", long.stdout);
    assert_eq!(sandbox.agentops("help explain").run().expect_code(0).stdout, long.stdout);
    let short = sandbox.agentops("explain -h").run().expect_code(0).stdout;
    assert!(short.len() < long.stdout.len() && !short.contains("Examples:"), "{short}");
}

#[test]
fn wrong_usage_is_short_and_says_what_may_be_meant() {
    let sandbox = Sandbox::without_repository();
    insta::assert_snapshot!(sandbox.agentops("explian").run().snapshot(), @"
    exit 2
    --- stderr
    error: unrecognized subcommand 'explian'
    hint: a similar subcommand exists: 'explain'
    hint: read on with `agentops --help`
    ");
    insta::assert_snapshot!(sandbox.agentops("explain --jsno").run().snapshot(), @"
    exit 2
    --- stderr
    error: unexpected argument '--jsno' found
    hint: a similar argument exists: '--json'
    hint: read on with `agentops explain --help`
    ");
    insta::assert_snapshot!(sandbox.agentops("completions").run().snapshot(), @"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
        <SHELL>
    hint: read on with `agentops completions --help`
    ");
    insta::assert_snapshot!(sandbox.agentops("-C nowhere explain").run().snapshot(), @"
    exit 2
    --- stderr
    error: `-C`: there is no folder `<root>/repo/nowhere`
    ");
}

#[test]
fn wrong_usage_is_json_where_json_is_asked_for() {
    let sandbox = Sandbox::without_repository();
    insta::assert_snapshot!(sandbox.agentops("--json explian").run().snapshot(), @r#"
    exit 2
    --- stdout
    {"schema_version":1,"error":{"code":"usage","message":"unrecognized subcommand 'explian'","hint":"a similar subcommand exists: 'explain'\nread on with `agentops --help`"}}
    "#);
    insta::assert_snapshot!(sandbox.agentops("explian --json").run().snapshot(), @r#"
    exit 2
    --- stdout
    {"schema_version":1,"error":{"code":"usage","message":"unrecognized subcommand 'explian'","hint":"a similar subcommand exists: 'explain'\nread on with `agentops --help`"}}
    "#);
    insta::assert_snapshot!(sandbox.agentops("completions tcsh --json").run().snapshot(), @r#"
    exit 2
    --- stdout
    {"schema_version":1,"error":{"code":"usage","message":"invalid value 'tcsh' for '<SHELL>'\n  [possible values: bash, elvish, fish, powershell, zsh]","hint":"a similar value exists: 'zsh'\nread on with `agentops completions --help`"}}
    "#);
}

#[test]
fn an_argument_cannot_colour_the_terminal() {
    let sandbox = Sandbox::without_repository();
    for arguments in [["explain", "\u{1b}[31mred"], ["--no\u{202e}such", "x"], ["-C", "\u{1b}[2J"]] {
        for flags in [vec![], vec!["--json"]] {
            let call = arguments.iter().chain(&flags).fold(sandbox.agentops(""), |call, argument| call.arg(argument));
            let output = call.run();
            let both = format!("{}{}", output.stdout, output.stderr);
            assert!(!both.contains(['\u{1b}', '\u{202e}']), "{both:?}");
        }
    }
}

#[test]
fn folders_add_up_as_in_git() {
    let sandbox = Sandbox::without_repository();
    sandbox.write("a/b/file", "");
    sandbox.agentops("-C a -C b man --dir c").run().expect_code(0);
    assert!(sandbox.path().join("a/b/c/agentops.1").is_file());
    sandbox.agentops("man --dir d").in_dir("a").run().expect_code(0);
    assert!(sandbox.path().join("a/d/agentops.1").is_file());
}

#[test]
fn half_a_test_clock_is_refused() {
    let sandbox = Sandbox::without_repository();
    insta::assert_snapshot!(sandbox.agentops("version").env("AGENTOPS_TEST_SEED", "").run().snapshot(), @"
    exit 2
    --- stderr
    error: `AGENTOPS_TEST_NOW` and `AGENTOPS_TEST_SEED` fix the clock in tests: set both or neither
    ");
    insta::assert_snapshot!(sandbox.agentops("version").env("AGENTOPS_TEST_NOW", "today").run().snapshot(), @"
    exit 2
    --- stderr
    error: `AGENTOPS_TEST_NOW` is not a whole number from 0
    ");
}

#[test]
fn colour_follows_flag_variables_and_terminal() {
    const RED: &str = "\u{1b}[31m";
    let sandbox = Sandbox::without_repository();
    let error = |flags: &str, variables: &[(&str, &str)]| {
        let call = sandbox.agentops(&format!("{flags} explain nothing-like-it"));
        variables.iter().fold(call, |call, (name, value)| call.env(name, value)).run().expect_code(2).stderr
    };
    assert!(!error("", &[]).contains('\u{1b}'), "standard error is no terminal");
    assert!(error("", &[("FORCE_COLOR", "1")]).contains(RED));
    assert!(error("", &[("CLICOLOR_FORCE", "1")]).contains(RED));
    assert!(!error("", &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(error("--color always", &[("NO_COLOR", "1")]).contains(RED));
    assert!(!error("--color never", &[("FORCE_COLOR", "1")]).contains('\u{1b}'));
    assert!(error("", &[("FORCE_COLOR", "1")]).contains("error"), "colour never stands alone");
}

#[test]
fn a_terminal_gets_colour() {
    let sandbox = Sandbox::without_repository();
    let shown = sandbox.terminal("explain nothing-like-it").finish();
    assert_eq!(shown.code, 2);
    assert!(shown.text.contains("\u{1b}[31merror\u{1b}[0m: there is no law"), "{:?}", shown.text);
    let plain = sandbox.terminal("--color never explain nothing-like-it").finish();
    assert!(!plain.text.contains('\u{1b}'), "{:?}", plain.text);
}

#[test]
fn quiet_says_only_what_was_asked() {
    let sandbox = Sandbox::without_repository();
    let loud = sandbox.agentops("explain").run().expect_code(0);
    let quiet = sandbox.agentops("explain -q").run().expect_code(0);
    assert!(loud.stderr.contains("hint: "), "{}", loud.snapshot());
    assert_eq!((quiet.stderr.as_str(), &quiet.stdout), ("", &loud.stdout));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_gone_is_no_error() {
    let sandbox = Sandbox::without_repository();
    for arguments in ["completions bash", "--help", "explain --json"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = sandbox.agentops(arguments).run_into(writer).expect_code(0);
        assert!(!output.stderr.contains("panicked") && !output.stderr.contains("error"), "{}", output.snapshot());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let sandbox = Sandbox::without_repository();
    for arguments in ["version", "version --json", "--help"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = sandbox.agentops(arguments).run_into(full).expect_code(1);
        assert!(output.stderr.starts_with("error: cannot write to standard output\n"), "{}", output.snapshot());
    }
}
