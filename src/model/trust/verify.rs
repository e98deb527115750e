//! Whether a principal's own key signed exactly these bytes.

use ssh_key::PublicKey as SshKey;

use super::NAMESPACE;
use super::armor;
use super::key::Presence;
use super::signers::Signers;
use crate::model::name::Principal;
use crate::model::time::Timestamp;

/// What a good signature proves: a key, not attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// `SHA256:…` of the key that signed.
    pub fingerprint: String,
    /// What a security key said of the person; `None` for a key in a file or an agent.
    pub presence: Option<Presence>,
}

impl Proved {
    /// What a report must say of it: `signed by SHA256:…`, with what a security key says of the person.
    pub fn honest(&self) -> String {
        let shown = match self.presence {
            None => "",
            Some(Presence::None) => ", a security key that nobody touched",
            Some(Presence::Touch) => ", a security key, touched",
            Some(Presence::Pin) => ", a security key, touched and with its PIN",
        };
        format!("signed by {}{shown}", self.fingerprint)
    }
}

/// Why a signature counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The principal has no key.
    #[error("`{0}` has no key in allowed_signers")]
    NoKey(Principal),
    /// The armour is not one canonical signature.
    #[error("its signature {0}")]
    Form(String),
    /// Signed by a key that is not the principal's.
    #[error("the key {found} signed it, and `{principal}` has {wanted}")]
    OtherKey {
        /// The principal.
        principal: Principal,
        /// The fingerprint of the principal's key.
        wanted: String,
        /// The fingerprint of the key that signed.
        found: String,
    },
    /// Dated outside the key's time.
    #[error("the key of `{principal}` is not valid {when}")]
    OutOfTime {
        /// The principal.
        principal: Principal,
        /// Such as `before 2026-11-21T00:00:00Z`.
        when: String,
    },
    /// The bytes or the signature were changed.
    #[error("the signature does not fit the bytes before it")]
    Wrong,
    /// The policy wants a touch or a PIN, and the signature shows less.
    #[error("the policy wants a security key with {wanted}, and {found}")]
    TooWeak {
        /// What the policy wants.
        wanted: &'static str,
        /// What the signature shows, a clause.
        found: &'static str,
    },
}

/// `SHA256:…` of the key that a signature says it is made with; `None` where it is not a canonical one. Proves nothing.
pub fn signer_of(armor: &str) -> Option<String> {
    let signature = armor::read(armor).ok()?.signature;
    Some(SshKey::from(signature.public_key().clone()).fingerprint(ssh_key::HashAlg::Sha256).to_string())
}

/// `SHA256:…` of the key that made `armor` over `signed`, whoever's it is or was; `None` where it is no canonical signature of
/// these bytes. The answer does not depend on any policy.
pub fn key_behind(signed: &[u8], armor: &str) -> Option<String> {
    let signature = armor::read(armor).ok()?.signature;
    let key = SshKey::from(signature.public_key().clone());
    key.verify(NAMESPACE, signed, &signature).ok()?;
    Some(key.fingerprint(ssh_key::HashAlg::Sha256).to_string())
}

impl Signers {
    /// Whether `principal`'s key made `armor` over `signed`, at a time `at` that the key's line allows, and showing at
    /// least `presence`. `at` is what the signed file says of itself: a thief of an expired key can date back, so a stolen
    /// key is taken out of the file, and listed as compromised.
    pub fn verify(
        &self,
        principal: &Principal,
        at: &Timestamp,
        presence: Presence,
        signed: &[u8],
        armor: &str,
    ) -> Result<Proved, Refusal> {
        let signer = self.get(principal).ok_or_else(|| Refusal::NoKey(principal.clone()))?;
        let armored = armor::read(armor).map_err(Refusal::Form)?;
        let made_by = SshKey::from(armored.signature.public_key().clone());
        if made_by.key_data() != signer.key.key.key_data() {
            return Err(Refusal::OtherKey {
                principal: principal.clone(),
                wanted: signer.key.fingerprint(),
                found: made_by.fingerprint(ssh_key::HashAlg::Sha256).to_string(),
            });
        }
        let out_of_time = |when: String| Refusal::OutOfTime { principal: principal.clone(), when };
        if let Some(after) = signer.after.as_ref().filter(|after| at < *after) {
            return Err(out_of_time(format!("before {after}")));
        }
        if let Some(before) = signer.before.as_ref().filter(|before| at > *before) {
            return Err(out_of_time(format!("after {before}")));
        }
        made_by.verify(NAMESPACE, signed, &armored.signature).map_err(|_| Refusal::Wrong)?;
        if armored.presence.unwrap_or_default() < presence {
            let wanted = if presence == Presence::Pin { "its PIN" } else { "a touch" };
            let found = match armored.presence {
                None => "the key is none",
                Some(Presence::None) => "nobody touched it",
                Some(_) => "no PIN was given",
            };
            return Err(Refusal::TooWeak { wanted, found });
        }
        Ok(Proved { fingerprint: signer.key.fingerprint(), presence: armored.presence })
    }
}
