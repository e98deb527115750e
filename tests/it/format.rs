//! Format version 1, frozen: every later version reads these files, gives them these digests and prints them alike.
//!
//! The files were written once by this program. If one of these tests fails, the format changed: that needs a new
//! version and a migration, never an edit of the fixtures.

use agentops::model::amend::Amend;
use agentops::model::bundle::Bundle;
use agentops::model::canonical::Canonical;
use agentops::model::decision::{Decision, Fate};
use agentops::model::digest::Digest;
use agentops::model::event::{Event, EventName};
use agentops::model::record::{Learning, Session};
use agentops::model::tree::MemoryTree;
use agentops::model::verdict::{Outcome, Verdict};
use agentops::model::vote::Vote;
use agentops::workflow::risk::Gate;

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/format/v1/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Reads the fixture as `T`, prints it again, and gives its digest.
fn frozen<T: Canonical>(name: &str) -> (T, String) {
    let bytes = fixture(name);
    let value = T::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(value.print().as_bytes(), bytes, "{name} prints as it is written");
    (value, Digest::of(&bytes).hex())
}

#[test]
fn events() {
    let (open, digest) = frozen::<Event>("event-open.toml");
    assert_eq!(digest, "a319a2854ff5642d25a1e1e9998cfd47b6505b763f4340c4382184a2d9aa23fa");
    assert_eq!(EventName::of(&open).to_string(), format!("0001-research-working-{}.toml", &digest[..32]));
    let (submit, digest) = frozen::<Event>("event-submit.toml");
    assert_eq!(digest, "48890997fa96edfe1e561c9f7670d7cfb50c2ecb8516476309e719ded1db7048");
    assert_eq!(submit.prev.len(), 1);
    assert_eq!((submit.runs.len(), submit.evidence.len(), submit.note.len()), (1, 1, 1));
    assert!(submit.signature.is_some());
    let (resolve, digest) = frozen::<Event>("event-resolve.toml");
    assert_eq!(digest, "f7d12bc738d8989887f2aba7342fdc4aa4e28b5009ed69198f942fdf085cfce6");
    assert_eq!(resolve.prev.len(), 2);
}

#[test]
fn votes() {
    let (vote, digest) = frozen::<Vote>("vote.toml");
    assert_eq!(digest, "e8687eba36844c1dae7c7239a96ebcb0b4aafff56784c8883c3c55a46be1045e");
    assert_eq!(vote.file_name(), format!("alice-{}.toml", &digest[..32]));
    let (signed, digest) = frozen::<Vote>("vote-signed.toml");
    assert_eq!(digest, "f6704b9b52e5e9c20f008bc6425d4ecc9536baab47518406824a739a7d85b230");
    assert!(signed.signature.is_some());
}

#[test]
fn verdicts() {
    let (verdict, digest) = frozen::<Verdict>("verdict.toml");
    assert_eq!(digest, "c93c562f4550c926d49dedf9e404e869b20ff6c0cce29d911fd58b0de1441ee8");
    assert_eq!(verdict.file_name(), format!("bob-{}.toml", &digest[..32]));
    assert_eq!((verdict.verdict, verdict.runs.len(), verdict.signature.is_some()), (Outcome::Refuted, 1, true));
}

#[test]
fn amends() {
    let (amend, digest) = frozen::<Amend>("amend.toml");
    assert_eq!(digest, "6ad30d33d45c33463e42836dd11642ace5fc843be70ada09531fd84f5c95813f");
    assert_eq!(amend.file_name(), format!("0001-amend-{}.toml", &digest[..32]));
    assert_eq!(amend.signatures.len(), 2);
    let (redacting, digest) = frozen::<Amend>("amend-redact.toml");
    assert_eq!(digest, "8532752df24c97b5711928e5a35e8b02d0b45b0dad16f5dc5108329c1e45b410");
    assert_eq!((redacting.redact.len(), redacting.files.len()), (1, 0));
}

#[test]
fn records() {
    assert_eq!(
        frozen::<Learning>("learning.toml").1,
        "d3a96558b316a25c27aa851381d01cee79fa697bb319db6d4065eaffac1f9ff2"
    );
    assert_eq!(frozen::<Session>("session.toml").1, "19c42a0279fa4a1ff26ceeebcd7ca1c61e276549d1001a2679f3f18afa7fa418");
    let (session, digest) = frozen::<Session>("session-measured.toml");
    assert_eq!(digest, "cfe04ddbbbb73a0b6ee6c5bd41eeaa3d4339c038098d0c881945eb44d392f8e2");
    assert_eq!(
        (session.bundles.len(), session.spent.len(), session.peaks.len(), session.collapses.len()),
        (2, 2, 3, 2)
    );
}

#[test]
fn bundles() {
    let bytes = fixture("bundle.md");
    let bundle = Bundle::parse(&bytes).unwrap();
    assert_eq!(bundle.print().as_bytes(), bytes);
    assert_eq!(Digest::of(&bytes).hex(), "edfd51900bd4f1516b4ab40ba92eb879b6a8cccddb9149944c1182389255a3f8");
    assert_eq!((bundle.head.sources.len(), bundle.head.tags.len()), (1, 2));
}

#[test]
fn decisions() {
    let (decision, digest) = frozen::<Decision>("decision.toml");
    assert_eq!(digest, "8ab6e67889a7a92c3b55884279c646a2285f0a73300e180f9e1aa55a95d7563e");
    assert_eq!(decision.file_name(), format!("2-{}.toml", &digest[..32]));
    assert_eq!((decision.fate, decision.prev.len()), (Fate::Adopted, 2));
}

#[test]
fn policy() {
    let mut tree = MemoryTree::new();
    let files = [
        ("format.toml", ".agentops/format.toml"),
        ("config.toml", ".agentops/config.toml"),
        ("profile.toml", ".agentops/small/profile.toml"),
        ("template.md", ".agentops/small/templates/notes.md"),
    ];
    for (name, path) in files {
        tree.put(path, fixture(name));
    }
    let policy = agentops::config::read_policy(&tree).unwrap();
    assert_eq!(policy.format.project, "000102030405060708090a0b0c0d0e0f");
    assert_eq!(policy.config.actors.len(), 2);
    let profile = policy.profiles.values().next().unwrap();
    let phases: Vec<&str> = profile.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(phases, ["look", "decide", "make"]);
    let gates: Vec<String> = profile
        .phases
        .iter()
        .map(|phase| Gate::plain(&policy, phase))
        .map(|gate| agentops::workflow::gate::gate_digest(&policy, profile, &gate).hex()[..16].to_owned())
        .collect();
    assert_eq!(gates, ["15a72cdff7d8e58c", "1af5abe6f5949ff5", "30e84fead3e5e8a8"]);
    let governed = agentops::workflow::governance::Governed::new(&policy.config.governed);
    assert_eq!(
        governed.digest(&tree).unwrap().hex(),
        "b69ec0accd7b11e82096661cb25c7cc83b079051d3f9af8b86e0c629dd15d221"
    );
}
