//! `agentops gate list`.

use serde::Serialize;

use crate::cli::acting::short_branch;
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::tasks::gate::{self, Approval, RiskMet, WaitingGate};
use crate::model::name::Principal;
use crate::model::profile::FourEyes;
use crate::model::time::Timestamp;
use crate::model::trust::Presence;
use crate::model::vote::Window;
use crate::ui::{Page, dim, hint, plain, strong, warning};

#[derive(Serialize)]
struct ListBody {
    gates: Vec<GateBody>,
}

/// A gate as programs read it.
#[derive(Debug, Serialize)]
pub(super) struct GateBody {
    task: String,
    profile: String,
    phase: String,
    number: usize,
    title: String,
    vote: &'static str,
    roles: Vec<Vec<String>>,
    proofs: Vec<&'static str>,
    four_eyes: &'static str,
    classes: Vec<ClassBody>,
    task_title: String,
    submit: String,
    gate: String,
    evidence: Vec<EvidenceBody>,
    lapsed: Vec<String>,
    doers: Vec<String>,
    approvals: Vec<ApprovalBody>,
    rejects: Vec<String>,
    void: Vec<VoidBody>,
    wanted: u32,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

/// A class of risk that tightens a gate.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct ClassBody {
    name: String,
    why: String,
}

impl ClassBody {
    /// The form that programs read.
    pub(in crate::cli) fn all(classes: &[RiskMet]) -> Vec<Self> {
        classes.iter().map(|class| Self { name: class.name.clone(), why: class.why.clone() }).collect()
    }
}

/// The classes of risk for people, a line each.
pub(in crate::cli) fn fill_classes(page: &mut Page, classes: &[RiskMet]) {
    for class in classes {
        page.indented_label(2, [warning("class")], format!("{}: {}", class.name, class.why));
    }
}

#[derive(Debug, Serialize)]
struct EvidenceBody {
    path: String,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct ApprovalBody {
    voter: String,
    proof: &'static str,
    worth: String,
    /// `SHA256:…` of the key that signed; none where none did.
    key: Option<String>,
    /// What a security key says of the person: `none`, `touch` or `pin`.
    presence: Option<&'static str>,
    /// When the approval counts: in any of these.
    windows: Vec<WindowBody>,
}

/// A time in which an approval counts; null where it has no bound.
#[derive(Debug, Serialize)]
struct WindowBody {
    not_before: Option<String>,
    not_after: Option<String>,
}

impl WindowBody {
    fn of(window: &Window) -> Self {
        let text = |time: &Option<Timestamp>| time.as_ref().map(ToString::to_string);
        Self { not_before: text(&window.not_before), not_after: text(&window.not_after) }
    }
}

#[derive(Debug, Serialize)]
struct VoidBody {
    path: String,
    reason: String,
}

impl GateBody {
    pub(super) fn of(gate: &WaitingGate) -> Self {
        let approval = |(voter, approval): (&Principal, &Approval)| ApprovalBody {
            voter: voter.to_string(),
            proof: approval.proof.as_str(),
            worth: approval.honest(),
            key: approval.key.as_ref().map(|key| key.fingerprint.clone()),
            presence: approval.key.as_ref().and_then(|key| key.presence).map(Presence::as_str),
            windows: approval.windows.iter().map(WindowBody::of).collect(),
        };
        Self {
            task: gate.task.to_string(),
            profile: gate.profile.to_string(),
            phase: gate.phase.clone(),
            number: gate.number,
            title: gate.title.clone(),
            vote: gate.vote.as_str(),
            roles: gate.roles.iter().map(|roles| roles.iter().map(ToString::to_string).collect()).collect(),
            proofs: gate.proofs.iter().map(|proof| proof.as_str()).collect(),
            four_eyes: gate.four_eyes.as_str(),
            classes: ClassBody::all(&gate.classes),
            task_title: gate.task_title.clone(),
            submit: gate.submit.hex(),
            gate: gate.gate.hex(),
            evidence: gate
                .evidence
                .iter()
                .map(|(path, digest)| EvidenceBody { path: path.clone(), sha256: digest.hex() })
                .collect(),
            lapsed: gate.lapsed.clone(),
            doers: gate.doers.iter().map(ToString::to_string).collect(),
            approvals: gate.tally.approvals.iter().map(approval).collect(),
            rejects: gate.tally.rejects.iter().map(ToString::to_string).collect(),
            void: gate
                .tally
                .void
                .iter()
                .map(|(path, reason)| VoidBody { path: path.to_string(), reason: reason.clone() })
                .collect(),
            wanted: gate.tally.wanted,
            reference: gate.reference.as_deref().map(short_branch).map(str::to_owned),
        }
    }
}

pub(super) fn run(all_refs: bool, context: &Context) -> Result<Outcome, CommandError> {
    let gates = gate::list(&context.site(None)?, all_refs)?;
    let body = ListBody { gates: gates.iter().map(GateBody::of).collect() };
    context.ui.show(&body, |page| {
        for (index, gate) in gates.iter().enumerate() {
            if index > 0 {
                page.blank();
            }
            fill_gate(page, gate);
            let place = gate.reference.as_deref().map(|name| format!(" --ref {}", short_branch(name)));
            let command = format!("agentops gate approve {}{}", gate.task, place.unwrap_or_default());
            page.indented_label(2, [hint("next")], command);
        }
    });
    if gates.is_empty() {
        context.ui.talk(if all_refs { "no gate waits on any branch" } else { "no gate waits at HEAD" });
    }
    Ok(Outcome::Done)
}

/// One gate with its policy and the votes so far.
pub(super) fn fill_gate(page: &mut Page, gate: &WaitingGate) {
    let place = gate.reference.as_deref().map(|name| format!(" on {}", short_branch(name))).unwrap_or_default();
    page.line([strong(&gate.task), plain(": "), plain(&gate.task_title), dim(place)]);
    page.text(format!("  Validation Gate {}: {} (phase {} of {})", gate.number, gate.title, gate.phase, gate.profile));
    page.line([plain("  submit "), dim(gate.submit.hex())]);
    for (path, digest) in &gate.evidence {
        page.line([plain(format!("  {path} ")), dim(&digest.hex()[..12])]);
    }
    let doers: Vec<String> = gate.doers.iter().map(ToString::to_string).collect();
    page.text(format!(
        "  wants {} by {}; done by {}",
        gate.vote.as_str(),
        if gate.tally.wanted == 1 { "1 human".to_owned() } else { format!("{} humans", gate.tally.wanted) },
        if doers.is_empty() { "nobody known".to_owned() } else { doers.join(", ") }
    ));
    fill_classes(page, &gate.classes);
    for roles in &gate.roles {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        page.text(format!("  each voter has the role {}", roles.join(" or ")));
    }
    if !gate.classes.is_empty() {
        let proofs: Vec<&str> = gate.proofs.iter().map(|proof| proof.as_str()).collect();
        page.text(format!("  votes count by {}", proofs.join(", ")));
    }
    if gate.four_eyes == FourEyes::Proved {
        page.text("  that a voter did not do the work must be proved: submit and vote are signed");
    }
    for (voter, approval) in &gate.tally.approvals {
        let when = approval.bounds().map(|bounds| format!("; counts {bounds}")).unwrap_or_default();
        page.line([plain(format!("  approved by {voter} ")), dim(format!("({}{when})", approval.honest()))]);
    }
    for voter in &gate.tally.rejects {
        page.line([plain("  "), warning("rejected"), plain(format!(" by {voter}"))]);
    }
    for (path, reason) in &gate.tally.void {
        page.indented_label(2, [warning("void")], format!("{path}: {reason}"));
    }
    for path in &gate.lapsed {
        page.indented_label(2, [warning("lapsed")], format!("`{path}` changed after it was submitted"));
    }
}
