//! Eight writers in eight worktrees of one repository, killed at random: nothing is lost, nothing blocks.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::sandbox::{PROGRAM, Sandbox};

const WRITERS: usize = 8;
const TRANSITIONS: usize = 50;
/// About one run in so many is killed.
const ONE_IN: u64 = 4;

/// A small generator: reproducible from its seed, and different for each writer.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[test]
fn eight_writers_killed_at_random_lose_nothing() {
    let main = Sandbox::new();
    main.agentops("init --profile product-dev --no-hooks").run().expect_code(0);
    let writers: Vec<(Sandbox, String)> = (0..WRITERS)
        .map(|number| {
            let tree = main.worktree(&format!("writer{number}"));
            let opened =
                tree.agentops("task new --profile product-dev --json").arg(format!("Writer number {number}")).run();
            let task = opened.expect_code(0).json()["task"].as_str().unwrap().to_owned();
            (tree, task)
        })
        .collect();
    let threads: Vec<Writer> = writers
        .iter()
        .map(|(tree, task)| Writer {
            task: task.clone(),
            dir: tree.path().to_owned(),
            // The real clock and real random numbers: these writers are not alike.
            environment: tree
                .environment()
                .into_iter()
                .filter(|(name, _)| !name.starts_with("AGENTOPS_TEST"))
                .collect(),
        })
        .collect();
    let in_window = AtomicUsize::new(0);
    let killed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for (number, writer) in threads.iter().enumerate() {
            let (in_window, killed) = (&in_window, &killed);
            scope.spawn(move || write(writer, Dice(number as u64 + 1), in_window, killed));
        }
    });
    let (killed, in_window) = (killed.into_inner(), in_window.into_inner());
    assert!(killed > WRITERS, "too few processes were killed to prove anything: {killed}");
    assert!(in_window > 0, "no kill of {killed} fell between moving the branch and writing the index");

    for (tree, task) in &writers {
        assert_eq!(
            tree.git("status --porcelain --untracked-files=no"),
            "",
            "{task}: index and working tree follow the branch"
        );
        let log = tree.agentops("phase log --json").arg(task).run().expect_code(0).json();
        let events = log["events"].as_array().unwrap();
        let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "{task}: one chain without gap or fork");
        assert!(seqs.len() > TRANSITIONS, "{task}: {} events", seqs.len());
        main.git(&format!("merge --quiet --no-edit --no-ff {}", tree.git("branch --show-current")));
    }
    main.try_git("fsck --strict --no-dangling --no-progress").run().expect_code(0);
    main.agentops("check --all").run().expect_code(0);
}

/// One worktree with its task; it can go to another thread, which a sandbox cannot.
struct Writer {
    task: String,
    dir: PathBuf,
    environment: Vec<(String, OsString)>,
}

impl Writer {
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.dir).env_clear().envs(self.environment.clone());
        command.stdin(Stdio::null());
        command
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.command("git", arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn rewind(&self, reason: &str) -> Command {
        self.command(PROGRAM, &["phase", "rewind", &self.task, "--to", "research", "--reason", reason])
    }

    fn must_rewind(&self, reason: &str) {
        let output = self.rewind(reason).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {reason}: {:?}\n{out}{err}", self.task, output.status);
    }
}

/// Makes transitions until enough are in the chain; some of the processes are killed on the way.
fn write(writer: &Writer, mut dice: Dice, in_window: &AtomicUsize, killed: &AtomicUsize) {
    let git_dir = writer.git(&["rev-parse", "--absolute-git-dir"]);
    let journal = std::path::Path::new(&git_dir).join("agentops/journal");
    let folder = format!(".agentops/product-dev/events/{}/", writer.task);
    let events = || writer.git(&["ls-tree", "--name-only", "HEAD", &folder]).lines().count();
    let mut round = 0;
    while events() <= TRANSITIONS {
        round += 1;
        assert!(round < TRANSITIONS * 10, "{}: no progress", writer.task);
        let reason = format!("Round {round} of the writers' test");
        if dice.roll(ONE_IN) != 0 {
            writer.must_rewind(&reason);
            continue;
        }
        let before = tree_head(&git_dir);
        let mut child = writer.rewind(&reason).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Half of the kills aim at the time right after the branch moved; the others fall anywhere.
        if dice.roll(2) == 0 {
            while tree_head(&git_dir) == before && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_micros(100));
            }
        } else {
            std::thread::sleep(Duration::from_micros(dice.roll(30_000)));
        }
        let was_alive = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        if was_alive {
            killed.fetch_add(1, Ordering::Relaxed);
            if journal.exists() && tree_head(&git_dir) != before {
                in_window.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    // One more, undisturbed: it finishes what the last kill may have left.
    writer.must_rewind("The last round of the writers' test");
}

/// The commit that the worktree's branch is at, read without a process, which would take too long to aim with.
fn tree_head(git_dir: &str) -> String {
    let git_dir = std::path::Path::new(git_dir);
    let head = std::fs::read_to_string(git_dir.join("HEAD")).unwrap_or_default();
    let Some(name) = head.trim().strip_prefix("ref: ") else { return head.trim().to_owned() };
    let common = std::fs::read_to_string(git_dir.join("commondir")).unwrap_or_else(|_| ".".into());
    std::fs::read_to_string(git_dir.join(common.trim()).join(name)).unwrap_or_default().trim().to_owned()
}
