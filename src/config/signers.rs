//! `allowed_signers`, as a file of the policy: whose key is whose, each an actor.

use std::rc::Rc;

use super::strict::Source;
use crate::model::policy::Config;
use crate::model::trust::Signers;

/// Reads the file. Where it has problems, which stay with the source, nobody is a signer.
pub(crate) fn read(source: &Rc<Source>, config: &Config) -> Signers {
    let offset = |line: usize| source.text().split_inclusive('\n').take(line - 1).map(str::len).sum();
    let signers = match Signers::parse(source.text().as_bytes()) {
        Ok(signers) => signers,
        Err(problems) => {
            for problem in problems {
                source.report(offset(problem.line), problem.message, problem.fix);
            }
            return Signers::default();
        }
    };
    for signer in signers.iter().filter(|signer| !config.actors.contains_key(&signer.principal)) {
        source.report(
            offset(signer.line),
            format!("`{}` is not an actor of `config.toml`.", signer.principal),
            format!("add `[actors.{}]` there, or take the line out", signer.principal),
        );
    }
    if source.has_problems() { Signers::default() } else { signers }
}
