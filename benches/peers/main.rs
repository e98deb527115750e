//! agentops beside its peers, each started as its users start it: what hooks add to a commit, messages of 10,000 commits, the
//! search for secrets. Prints figures, never a verdict.
//!
//! `.ci/peers --install-only`, then `cargo bench --bench peers`; `-- commit-small`, `commit-large`, `messages` or `secrets` for one.
//! A peer that is not there is named. What each finds of what was planted, and what it calls besides, stands beside its time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod commits;
#[path = "../../src/secrets/scanner/tests/fakes.rs"]
mod fakes;
#[path = "../history/mod.rs"]
mod history;
mod messages;
mod secrets;
#[path = "../setting/mod.rs"]
mod setting;
#[path = "../sources/mod.rs"]
mod sources;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use setting::Bench;

/// Said where a program is not there.
const MISSING: &str = "missing: install with .ci/peers";

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let all: [(&str, Measure); 4] = [
        ("commit-small", |bench, peers| commits::measure(bench, peers, 100, 15)),
        ("commit-large", |bench, peers| commits::measure(bench, peers, 100_000, 7)),
        ("messages", messages::measure),
        ("secrets", secrets::measure),
    ];
    let peers = Peers::find();
    println!("   peers in {}; load {}", peers.folder.display(), load());
    for (name, run) in all {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            println!("\n== {name}");
            let mut bench = Bench::new();
            bench.environment.push(("PATH", peers.path()));
            run(&bench, &peers);
            println!("   load {}", load());
        }
    }
}

/// One comparison.
type Measure = fn(&Bench, &Peers);

/// The programs that `.ci/peers` installs.
struct Peers {
    folder: PathBuf,
}

impl Peers {
    #[expect(clippy::disallowed_methods, reason = "where the peers are is no surrounding of the program")]
    fn find() -> Self {
        let folder = std::env::var_os("AGENTOPS_PEERS").map(PathBuf::from);
        Self { folder: folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers")) }
    }

    fn places(&self) -> [PathBuf; 4] {
        // lefthook's own binary, without the start of node around it.
        let lefthook = format!(
            "npm/node_modules/lefthook-linux-{}/bin",
            if cfg!(target_arch = "x86_64") { "x64" } else { "arm64" }
        );
        [lefthook.as_str(), "venv/bin", "npm/node_modules/.bin", "cargo/bin"].map(|place| self.folder.join(place))
    }

    /// Where this program is, or `None`.
    fn program(&self, name: &str) -> Option<String> {
        let found = self.places().into_iter().map(|place| place.join(name)).find(|file| file.exists());
        found.map(|file| file.to_string_lossy().into_owned())
    }

    #[expect(clippy::disallowed_methods, reason = "programs start others by the machine's own path")]
    fn path(&self) -> std::ffi::OsString {
        let machines = std::env::var_os("PATH").unwrap_or_default();
        let own = Path::new(env!("CARGO_BIN_EXE_agentops")).parent().map(Path::to_owned);
        let places = self.places().into_iter().chain(own).chain(std::env::split_paths(&machines));
        std::env::join_paths(places).expect("a path")
    }
}

/// A run with what it printed, on both streams.
struct Ran {
    taken: Duration,
    text: String,
}

fn ran(bench: &Bench, dir: &Path, program: &str, arguments: &[&str]) -> Ran {
    // Not into a pipe: programs of node end before what they wrote there is read.
    let place = bench.path("printed");
    let printed = std::fs::File::create(&place).expect("a file");
    let mut command = bench.command(dir, program, arguments);
    command.stderr(printed.try_clone().expect("a file")).stdout(printed);
    let start = Instant::now();
    command.status().expect("a run");
    let taken = start.elapsed();
    let text = String::from_utf8_lossy(&std::fs::read(place).expect("what was printed")).into_owned();
    Ran { taken, text }
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// The checksum of GitHub's and npm's tokens.
fn crc32_base62(data: &[u8]) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(data);
    let mut out = [b'0'; 6];
    for place in out.iter_mut().rev() {
        *place = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    out
}
