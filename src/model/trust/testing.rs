//! Keys for tests: made from seeds, so that every run has the same ones.

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};
use ssh_key::private::{EcdsaPrivateKey, Ed25519Keypair, KeypairData};
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEcdsaSha2NistP256, SkEd25519};
use ssh_key::{HashAlg, LineEnding, PrivateKey, SshSig};

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
pub(crate) enum PretendedSecurityKey {
    /// `sk-ssh-ed25519@openssh.com`.
    Ed25519(ed25519_dalek::SigningKey),
    /// `sk-ecdsa-sha2-nistp256@openssh.com`.
    Ecdsa(p256::SecretKey),
}

impl PretendedSecurityKey {
    pub(crate) fn new(seed: u8) -> Self {
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
    }

    pub(crate) fn ecdsa(seed: u8) -> Self {
        Self::Ecdsa(p256::SecretKey::from_slice(&[seed; 32]).unwrap())
    }

    fn key_data(&self) -> KeyData {
        match self {
            Self::Ed25519(key) => {
                KeyData::SkEd25519(SkEd25519::new(Ed25519PublicKey(key.verifying_key().to_bytes()), "ssh:"))
            }
            Self::Ecdsa(key) => KeyData::SkEcdsaSha2NistP256(SkEcdsaSha2NistP256::new(key.public_key().into(), "ssh:")),
        }
    }

    pub(crate) fn public(&self) -> String {
        ssh_key::PublicKey::from(self.key_data()).to_openssh().unwrap().trim_end().to_owned()
    }

    pub(crate) fn sign(&self, flags: u8, bytes: &[u8]) -> String {
        self.sign_showing(flags, flags, bytes)
    }

    /// PROTOCOL.u2f: signed are the digest of the application, flags, counter and the digest of the message. `shown` are
    /// the flags that stand beside the signature. Written by hand, because the library writes no `sk-ecdsa` signatures.
    pub(crate) fn sign_showing(&self, flags: u8, shown: u8, bytes: &[u8]) -> String {
        let message = SshSig::signed_data(super::NAMESPACE, HashAlg::Sha512, bytes).unwrap();
        let trailer = |flags: u8| [&[flags][..], &7u32.to_be_bytes()].concat();
        let signed = [Sha256::digest(b"ssh:").as_slice(), &trailer(flags), Sha256::digest(message).as_slice()].concat();
        let own = match self {
            Self::Ed25519(key) => key.sign(&signed).to_bytes().to_vec(),
            Self::Ecdsa(key) => {
                let made: ssh_key::Signature = EcdsaPrivateKey::<32>::from(key.clone()).try_sign(&signed).unwrap();
                made.as_bytes().to_vec()
            }
        };
        let string = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
        let key = ssh_key::PublicKey::from(self.key_data());
        let mut blob = [string(key.algorithm().as_str().as_bytes()), string(&own)].concat();
        blob.extend(trailer(shown));
        let mut out = [b"SSHSIG".as_slice(), &1u32.to_be_bytes()].concat();
        let parts = [&key.to_bytes().unwrap(), super::NAMESPACE.as_bytes(), b"", b"sha512", &blob];
        out.extend(parts.into_iter().flat_map(string));
        let text = Base64::encode_string(&out);
        let lines: Vec<&str> = text.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
    }
}
