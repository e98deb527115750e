//! Keys for tests: made from seeds, so that every run has the same ones.

use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, Signature, SshSig};

/// A software key of ed25519.
pub(crate) struct SoftwareKey(PrivateKey);

impl SoftwareKey {
    pub(crate) fn new(seed: u8) -> Self {
        let pair = Ed25519Keypair::from_seed(&[seed; 32]);
        Self(PrivateKey::new(KeypairData::Ed25519(pair), "").unwrap())
    }

    /// `TYPE BASE64`.
    pub(crate) fn public(&self) -> String {
        self.0.public_key().to_openssh().unwrap().trim_end().to_owned()
    }

    pub(crate) fn sign(&self, namespace: &str, bytes: &[u8]) -> String {
        self.0.sign(namespace, HashAlg::Sha512, bytes).unwrap().to_pem(LineEnding::LF).unwrap()
    }
}

/// What a FIDO key does, in software: flags are whatever its maker likes.
pub(crate) struct PretendedSecurityKey(ed25519_dalek::SigningKey);

impl PretendedSecurityKey {
    pub(crate) fn new(seed: u8) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
    }

    fn key_data(&self) -> KeyData {
        KeyData::SkEd25519(SkEd25519::new(Ed25519PublicKey(self.0.verifying_key().to_bytes()), "ssh:"))
    }

    pub(crate) fn public(&self) -> String {
        ssh_key::PublicKey::from(self.key_data()).to_openssh().unwrap().trim_end().to_owned()
    }

    /// PROTOCOL.u2f: signed are the digest of the application, flags, counter and the digest of the message.
    pub(crate) fn sign(&self, flags: u8, bytes: &[u8]) -> String {
        let message = SshSig::signed_data(super::NAMESPACE, HashAlg::Sha512, bytes).unwrap();
        let mut trailer = vec![flags];
        trailer.extend(7u32.to_be_bytes());
        let mut signed = Sha256::digest(b"ssh:").to_vec();
        signed.extend(&trailer);
        signed.extend(Sha256::digest(message));
        let mut raw = self.0.sign(&signed).to_bytes().to_vec();
        raw.extend(trailer);
        let signature = Signature::new(Algorithm::SkEd25519, raw).unwrap();
        SshSig::new(self.key_data(), super::NAMESPACE, HashAlg::Sha512, signature)
            .unwrap()
            .to_pem(LineEnding::LF)
            .unwrap()
    }
}
