//! How a verb's event or verdict gets the signature of who made it.
//!
//! Such a file is named after all its bytes, so it is signed while it is composed. A signature is asked for before the
//! writers' lock is taken, because a person may take their time over a passphrase, and only for what the laws let pass.

use std::cell::RefCell;
use std::path::PathBuf;

use super::signing::SigningKey;
use super::transact::{Committed, Draft, Target, transact};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Signing, Site};
use crate::model::event::{Event, Signature};
use crate::model::name::Principal;
use crate::model::policy::{Actor, Policy};
use crate::model::time::Timestamp;
use crate::model::trust::Proved;
use crate::model::verdict::Verdict;
use crate::workflow::proof;

/// The setting of git that makes signing the default: `git config agentops.sign true`.
const SETTING: &str = "agentops.sign";

/// The signature of one verb's event.
pub(crate) struct Seal {
    key: Option<SigningKey>,
    /// Whether the event is only tried, and made again.
    is_trial: bool,
    /// What was signed last, and how: drafted again on the same base, an event is not signed again.
    made: RefCell<Option<(Vec<u8>, Signature)>>,
}

impl Seal {
    /// No signature, on an event that is only tried.
    pub(crate) fn trial() -> Self {
        Self { key: None, is_trial: true, made: RefCell::default() }
    }

    /// Whether the event will stay unsigned.
    pub(crate) fn leaves_unsigned(&self) -> bool {
        self.key.is_none() && !self.is_trial
    }

    /// As `site.signing` says, with the key that the base gives the actor.
    fn of(site: &Site) -> Result<Self, EngineError> {
        let base = site.base()?;
        let (principal, _) = site.actor(&base.policy)?;
        let find = |file: &Option<PathBuf>| SigningKey::find(site, &base.policy, principal, file.as_deref()).map(Some);
        let key = match &site.signing {
            Signing::Never => None,
            Signing::Always(file) => find(file)?,
            Signing::Configured if !site.repo.config_flag(SETTING) => None,
            // The setting is for all actors of a clone, and not each of them has a key.
            Signing::Configured if base.policy.signers.get(principal).is_none() => None,
            Signing::Configured => find(&None)?,
        };
        Ok(Self { key, is_trial: false, made: RefCell::default() })
    }

    /// Signs `file` where its actor signs, and verifies that as the judge will.
    pub(crate) fn close(&self, policy: &Policy, file: &mut impl Signable) -> Result<Option<Proved>, EngineError> {
        let Some(key) = &self.key else { return Ok(None) };
        let bytes = file.bytes_to_sign();
        let made = self.made.borrow().clone().filter(|(signed, _)| *signed == bytes);
        let signature = match made {
            Some((_, signature)) => signature,
            None => Signature { armor: key.sign(&bytes)? },
        };
        *self.made.borrow_mut() = Some((bytes, signature.clone()));
        file.bear(signature);
        file.key(policy).transpose().map_err(|reason| {
            EngineError::refused(
                format!("this signature would not hold: {reason}"),
                "`agentops policy show` prints the signers and their keys; `--no-sign` leaves it unsigned",
            )
        })
    }
}

/// A file that its maker may sign.
pub(crate) trait Signable {
    /// What is signed.
    fn bytes_to_sign(&self) -> Vec<u8>;
    /// Takes the signature in.
    fn bear(&mut self, signature: Signature);
    /// The key behind it, as the judge sees it.
    fn key(&self, policy: &Policy) -> Option<Result<Proved, String>>;
}

impl Signable for Event {
    fn bytes_to_sign(&self) -> Vec<u8> {
        self.signed_bytes()
    }

    fn bear(&mut self, signature: Signature) {
        self.signature = Some(signature);
    }

    fn key(&self, policy: &Policy) -> Option<Result<Proved, String>> {
        proof::event_key(policy, self)
    }
}

impl Signable for Verdict {
    fn bytes_to_sign(&self) -> Vec<u8> {
        self.signed_bytes()
    }

    fn bear(&mut self, signature: Signature) {
        self.signature = Some(signature);
    }

    fn key(&self, policy: &Policy) -> Option<Result<Proved, String>> {
        proof::verdict_key(policy, self)
    }
}

/// Who makes an event, when, and with which signature.
#[derive(Clone, Copy)]
pub(crate) struct Author<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) actor: &'a Actor,
    pub(crate) at: &'a Timestamp,
    pub(crate) seal: &'a Seal,
}

impl<'a> Author<'a> {
    /// The actor of `site` at the time `at`.
    pub(crate) fn of(site: &Site, base: &'a Base<'_>, at: &'a Timestamp, seal: &'a Seal) -> Result<Self, EngineError> {
        let (principal, actor) = site.actor(&base.policy)?;
        Ok(Self { principal, actor, at, seal })
    }
}

/// As [`transact`], for a draft with an event that may be signed. The draft closes the seal on its event.
pub(crate) fn transact_sealed<T>(
    site: &Site,
    target: &Target,
    mut draft: impl FnMut(&Base<'_>, &Seal) -> Result<Draft<T>, EngineError>,
) -> Result<Committed<T>, EngineError> {
    let seal = Seal::of(site)?;
    if seal.key.is_some() {
        let dry = Target { dry_run: true, ..target.clone() };
        transact(site, &dry, |base| draft(base, &Seal::trial()))?;
        draft(&site.base()?, &seal)?;
    }
    transact(site, target, |base| draft(base, &seal))
}
