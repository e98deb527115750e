//! Editions: what begins to judge where `upgrade` raises `laws` in `format.toml`.

/// What edition `edition` of the laws brings over the one before, each a full sentence.
pub fn brings(edition: u32) -> &'static [&'static str] {
    match edition {
        2 => &[
            "votes, amends and events may be signed with SSH keys, and a signature that does not hold is refused (AO-G1, AO-G3, AO-E5)",
            "an amend may redact a document, vote, record, learning or bundle (AO-G4)",
            "agents promise what will be there when their work is done, and it has to be there, in profiles whose gates ask for it (AO-P9)",
            "commands ran on the very tree that the event was made on, and it holds the files of the manifest (AO-P6)",
            "no step brings a second commit at which this project's governed history begins (AO-E10)",
            "keys, tokens and passwords that a step adds are found and refused, in each of its commits (AO-S1)",
            "a verdict of somebody else on the commands that a doer claims ran is read, and a false one refused (AO-V1)",
            "what became of an improvement is recorded below its session: adopted by a commit, or dropped for a reason (AO-L2)",
            "a session record may list a learning of another profile that served it (AO-L1)",
            "classes of risk may ask more of a gate, and an approval may be for a window of time only (AO-G1)",
            "a reject stands for its submit until a rework, whatever becomes of its voter or of the gate (AO-G1)",
            "what a class of risk names by path lands with a task that met the class, and a plan's approval carries its task until it is done or abandoned, and not beyond (AO-G1)",
            "a link above a path that is governed, read-only or of a class counts as what it could stand for (AO-G3, AO-R1, AO-G1), and another spelling of such a path is refused (AO-E7)",
            "context bundles have a form, as `agentops bundle save` writes them (AO-E2)",
            "`.agentops/allowed_signers` is read strictly: each principal has one key, and each key one principal",
        ],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::LAWS_VERSION;

    #[test]
    fn every_edition_says_what_it_brings() {
        assert!((2..=LAWS_VERSION).all(|edition| !brings(edition).is_empty()));
        assert!(brings(1).is_empty() && brings(LAWS_VERSION + 1).is_empty());
    }
}
