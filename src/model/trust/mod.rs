//! SSH signatures, and whose they may be: strict, offline and pure.
//!
//! Two parsers and one question. [`Signers`] reads `allowed_signers`, the other one armoured signature, and
//! [`Signers::verify`] says whether a principal's own key signed exactly these bytes. Nothing here asks `ssh-keygen`, git's
//! configuration or the clock: the same bytes get the same answer on every machine.
//!
//! Both formats are OpenSSH's (PROTOCOL.sshsig and "ALLOWED SIGNERS" in ssh-keygen(1)), cut down to what cannot be read in
//! two ways: whatever `ssh-keygen -Y verify` would refuse is refused, and much that it accepts is refused too.

mod armor;
mod key;
mod signers;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod verify;

pub use key::{Presence, PublicKey};
pub use signers::{Signer, SignerError, Signers};
pub use verify::{Proved, Refusal, key_behind, signer_of};

/// The namespace of every signature over a file of agentops: a signed commit or mail cannot be passed off as a vote.
pub const NAMESPACE: &str = "agentops-gate";
