//! `agentops check`: what it says where there is nothing to judge, and where git starts it.

use super::sandbox::Sandbox;

#[test]
fn what_no_law_rules_does_not_pass() {
    let sandbox = Sandbox::new();
    for stage in ["a branch without commits", "a branch without laws"] {
        sandbox.write("file", stage);
        sandbox.git("add file");
        for arguments in ["check", "check --staged", "check --message -", "check --staged --allow-empty"] {
            let output = sandbox.agentops(arguments).stdin("feat: more\n").run();
            assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{stage}, {arguments}");
            assert!(output.stderr.contains("is not governed"), "{stage}, {arguments}: {}", output.stderr);
        }
        sandbox.commit_all("no law here");
    }
}
