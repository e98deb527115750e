//! The words of the house that `explain` tells, besides the laws themselves.

use crate::model::law_id::LawId;

/// A word and what it means here.
#[derive(Debug)]
pub(super) struct Topic {
    /// What people may call it, the first name being the one that is listed.
    pub(super) names: &'static [&'static str],
    /// One line.
    pub(super) title: &'static str,
    /// The explanation, in paragraphs.
    pub(super) text: &'static str,
    /// The laws that stand behind it.
    pub(super) laws: &'static [LawId],
}

/// Every word.
pub(super) const TOPICS: &[Topic] = &[
    Topic {
        names: &["five-laws", "constitution", "laws"],
        title: "the Five Laws of every change",
        text: "\
Work leaves something behind: what was learned, what could be better, why it was done, and what to do next. The Five \
Laws ask for that, and check it: in commit messages, and in the record that each session leaves.

A config may lower one of them to a warning, but never switch it off, and a profile may only tighten them.",
        laws: &[LawId::L1, LawId::L2, LawId::L3, LawId::L4, LawId::L5],
    },
    Topic {
        names: &["three-rules", "rules"],
        title: "the Three Rules of the repository",
        text: "\
What comes from elsewhere is not edited here; what is generated is changed at its source; every commit says in its \
first words what kind of change it is. The paths and the kinds are those of `.agentops/config.toml`.",
        laws: &[LawId::R1, LawId::R2, LawId::R3],
    },
    Topic {
        names: &["40%", "40%-rule", "forty-percent", "budget"],
        title: "the 40% rule of the context window",
        text: "\
A phase should end before its context holds 40 % of the model's window: a fuller one forgets its beginning. So work \
is cut into phases, and each hands over what it found as files that are small enough to read at once.

A profile gives every phase two limits, as shares of the window. Up to the first all is well (green); up to the \
second, prepare to hand over (yellow); above it, start a fresh session (red). Artifacts and context bundles have \
budgets of their own, in tokens.

A share is judged only where it was measured: `agentops session show --check` reads the transcript that the agent's client \
keeps, and ends with exit 5 above the second limit. Where nothing was measured, the answer is `unmeasured`, never 0.",
        laws: &[LawId::B1],
    },
    Topic {
        names: &["gates", "gate", "validation-gates"],
        title: "what must hold before a phase is left",
        text: "\
Validation Gate 1 leads out of the research stage and wants a person's review. Validation Gate 2 leads out of the \
plan stage and wants a person's approval. Validation Gate 3 leads out of the implement stage and wants the automated \
tests. Where a profile has a stage after deployment, its smoke checks lead out of that. These are the defaults: a \
profile may set any gate to checks alone, or ask for more votes.

A vote binds exactly the bytes that were submitted. People vote, doers move on: a vote never moves a task by itself, \
and who did the work does not vote on it.",
        laws: &[
            LawId::P1,
            LawId::P2,
            LawId::P3,
            LawId::P4,
            LawId::P5,
            LawId::P6,
            LawId::P7,
            LawId::P8,
            LawId::P9,
            LawId::G1,
            LawId::G2,
            LawId::G3,
            LawId::G4,
            LawId::G5,
            LawId::V1,
        ],
    },
    Topic {
        names: &["compliance", "verdicts", "bypassed"],
        title: "the words of the compliance report",
        text: "\
Each law gives one verdict for each step of the first-parent line, or, where it reads messages, for each commit. Passed: \
judged, and nothing found. Warned: judged, and only warnings found. Failed: a finding of level error stands in what \
landed. Waived: broken, and excused by a counted `Agentops-Waive:`. Not judged: the law does not rule there, or could \
not see what it needed; that is never 0 and never a pass.

Bypassed is no verdict, and counts beside them: commits that the hooks would have refused where they stand now. They \
were made with --no-verify, by a rebase or a forge, or where no hooks were installed.

A task that is done lacks deliverables where a file, a test or a piece of evidence that its plan promised was not there in \
the step that brought its end. What later work takes away is no fault of that task: `agentops verify report` shows both.

`agentops report compliance` counts all of it by session, actor and profile, which are what commits and records claim.",
        laws: &[],
    },
];

impl Topic {
    /// The topic that goes by `name`, in any case, with hyphens or spaces between words.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let name = name.trim().to_lowercase().replace([' ', '_'], "-");
        TOPICS.iter().find(|topic| topic.names.contains(&name.as_str()))
    }

    /// The name that is listed.
    pub(super) fn name(&self) -> &'static str {
        self.names[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_one_topic() {
        let mut names: Vec<_> = TOPICS.iter().flat_map(|topic| topic.names).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(Topic::find("Five Laws").map(Topic::name), Some("five-laws"));
        assert_eq!(Topic::find("constitution").map(Topic::name), Some("five-laws"));
        assert!(Topic::find("six-laws").is_none());
    }
}
